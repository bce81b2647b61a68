//! The templates that come with the program. A message has what was measured and a request; it accuses no one.

use super::{Form, Key, Language, Template};
use crate::Kind;
use std::collections::BTreeMap;
use std::sync::LazyLock;

type Row = (Option<Kind>, Form, &'static str, &'static str, &'static str);

const SUSPICION: Option<Kind> = Some(Kind::Suspicion);
const ABOVE: Option<Kind> = Some(Kind::AboveSanctioned);
const OUTAGE: Option<Kind> = Some(Kind::Outage);

/// Kind, form, English, Hindi, Marathi.
const ROWS: &[Row] = &[
    (
        SUSPICION,
        Form::One,
        "Please check meter {meter}: {seen} since {since}.[ Transformer {transformer}.][ Area {area}.]",
        "कृपया मीटर {meter} जाँचें: {seen}, {since} से.[ ट्रांसफ़ॉर्मर {transformer}.][ क्षेत्र {area}.]",
        "कृपया मीटर {meter} तपासा: {seen}, {since} पासून.[ रोहित्र {transformer}.][ विभाग {area}.]",
    ),
    (
        SUSPICION,
        Form::Several,
        "Please check {count} meters: {names}.[ Area {area}.]",
        "कृपया {count} मीटर जाँचें: {names}.[ क्षेत्र {area}.]",
        "कृपया {count} मीटर तपासा: {names}.[ विभाग {area}.]",
    ),
    (
        SUSPICION,
        Form::Ended,
        "Nothing more from meter {meter} since {since}.[ Area {area}.]",
        "मीटर {meter}: {since} के बाद कुछ नया नहीं.[ क्षेत्र {area}.]",
        "मीटर {meter}: {since} नंतर नवीन काही नाही.[ विभाग {area}.]",
    ),
    (
        SUSPICION,
        Form::AllEnded,
        "Nothing more from {count} meters: {names}.",
        "{count} मीटर, अब कुछ नया नहीं: {names}.",
        "{count} मीटर, आता नवीन काही नाही: {names}.",
    ),
    (
        ABOVE,
        Form::One,
        "Meter {meter} used {demand} at {time}; the sanctioned load is {sanctioned}.",
        "मीटर {meter}: {time} पर माँग {demand}, स्वीकृत भार {sanctioned}.",
        "मीटर {meter}: {time} रोजी मागणी {demand}, मंजूर भार {sanctioned}.",
    ),
    (
        ABOVE,
        Form::Several,
        "{count} meters above their sanctioned load: {names}.[ Area {area}.]",
        "स्वीकृत भार से ऊपर {count} मीटर: {names}.[ क्षेत्र {area}.]",
        "मंजूर भारापेक्षा जास्त {count} मीटर: {names}.[ विभाग {area}.]",
    ),
    (
        OUTAGE,
        Form::One,
        "No supply at {role} {target} since {since}. Consumers: {consumers}.[ Area {area}.]",
        "{target}: {since} से बिजली बंद. उपभोक्ता: {consumers}.[ क्षेत्र {area}.]",
        "{target}: {since} पासून वीज बंद. ग्राहक: {consumers}.[ विभाग {area}.]",
    ),
    (
        OUTAGE,
        Form::Several,
        "No supply at {count} places: {names}.[ Feeder {feeder}.][ Area {area}.]",
        "{count} जगह बिजली बंद: {names}.[ फीडर {feeder}.][ क्षेत्र {area}.]",
        "{count} ठिकाणी वीज बंद: {names}.[ फीडर {feeder}.][ विभाग {area}.]",
    ),
    (
        OUTAGE,
        Form::Ended,
        "Supply is back at {role} {target} since {time}.[ Area {area}.]",
        "{target}: {time} पर बिजली वापस.[ क्षेत्र {area}.]",
        "{target}: {time} ला वीज पुन्हा सुरू.[ विभाग {area}.]",
    ),
    (
        OUTAGE,
        Form::AllEnded,
        "Supply is back at {count} places: {names}.",
        "{count} जगह बिजली वापस: {names}.",
        "{count} ठिकाणी वीज पुन्हा सुरू: {names}.",
    ),
    (
        None,
        Form::Digest,
        "{count} alerts waited: {names}.",
        "{count} सूचनाएँ रुकी थीं: {names}.",
        "{count} सूचना थांबल्या होत्या: {names}.",
    ),
];

/// All of them.
pub(super) static ALL: LazyLock<BTreeMap<Key, Template>> = LazyLock::new(|| {
    let mut all = BTreeMap::new();
    for (kind, form, english, hindi, marathi) in ROWS {
        for (language, text) in [("en", english), ("hi", hindi), ("mr", marathi)] {
            let language = Language::new(language).expect("a short name");
            let template = Template::new(*kind, *form, language.clone(), text);
            let template = template.expect("a test reads them all");
            all.insert((*kind, *form, language), template);
        }
    }
    all
});
