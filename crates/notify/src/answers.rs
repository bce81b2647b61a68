//! What phones may ask by SMS, and the words of the answers. An answer says what was measured or done, and accuses no one.

use crate::words::{LONGEST_VALUE, Language};
use reading::time::DAY;
use reading::{Calendar, EventTime};

/// What a phone sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The balance.
    Balance,
    /// The use of this billing period.
    Use,
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Somebody takes care of this case, or of what goes on at this meter.
    Acknowledge(String),
    /// Anything else, too: whoever needs help does not know the word for it.
    Help,
}

impl Command {
    /// Reads a message: its first word counts, in any letters.
    pub fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default().to_uppercase();
        match first.trim_matches(|c: char| !c.is_alphanumeric()) {
            "BAL" | "BALANCE" => Self::Balance,
            "USE" => Self::Use,
            "STOP" => Self::Stop,
            "START" => Self::Start,
            "ACK" => Self::Acknowledge(words.next().unwrap_or_default().to_owned()),
            _ => Self::Help,
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What a consumer can send.
    Help,
    /// What people on duty can send.
    HelpOnDuty,
    /// Nothing is known of a prepaid balance.
    NoBalance {
        /// The meter.
        meter: String,
    },
    /// What a meter counted in its billing period.
    Used {
        /// The meter.
        meter: String,
        /// Watt-hours.
        wh: i64,
        /// Since when.
        from: EventTime,
        /// Until when.
        to: EventTime,
    },
    /// Nothing is known of its use.
    NoUse {
        /// The meter.
        meter: String,
    },
    /// No more messages come.
    Stopped,
    /// They come again.
    Started,
    /// Who is on duty cannot stop them.
    OnDuty,
    /// Somebody takes care now.
    Acknowledged {
        /// Of what.
        what: String,
    },
    /// Somebody does already.
    Taken {
        /// Of what.
        what: String,
        /// Who.
        by: String,
    },
    /// Nothing of this name goes on.
    NothingGoesOn {
        /// What was sent.
        what: String,
    },
    /// Several things of this name go on.
    Several {
        /// A few of them.
        names: Vec<String>,
    },
}

impl Answer {
    /// The answer in English, Hindi and Marathi. `{0}` and so on stand for its values.
    fn words(&self) -> [&'static str; 3] {
        match self {
            Self::Help => [
                "Send USE for your use, BAL for your balance, STOP to get no more messages, START to get them again.",
                "खपत के लिए USE, बैलेंस के लिए BAL, संदेश बंद करने के लिए STOP, फिर पाने के लिए START भेजें.",
                "वापरासाठी USE, शिल्लक पाहण्यासाठी BAL, संदेश थांबवण्यासाठी STOP, पुन्हा मिळवण्यासाठी START पाठवा.",
            ],
            Self::HelpOnDuty => [
                "Send ACK and a case or meter to take care of it.",
                "किसी मामले या मीटर को अपने ज़िम्मे लेने के लिए ACK और उसका नाम भेजें.",
                "एखादे प्रकरण किंवा मीटर स्वतःकडे घेण्यासाठी ACK आणि त्याचे नाव पाठवा.",
            ],
            Self::NoBalance { .. } => [
                "No balance is known of meter {0}. Send USE for its use.",
                "मीटर {0} का बैलेंस उपलब्ध नहीं है. खपत के लिए USE भेजें.",
                "मीटर {0} ची शिल्लक उपलब्ध नाही. वापरासाठी USE पाठवा.",
            ],
            Self::Used { .. } => [
                "Meter {0}: {1} kWh from {2} to {3}.",
                "मीटर {0}: {2} से {3} तक {1} kWh.",
                "मीटर {0}: {2} ते {3} {1} kWh.",
            ],
            Self::NoUse { .. } => [
                "The use of meter {0} is not known yet.",
                "मीटर {0} की खपत अभी उपलब्ध नहीं है.",
                "मीटर {0} चा वापर अद्याप उपलब्ध नाही.",
            ],
            Self::Stopped => [
                "You get no more messages. Send START to get them again.",
                "अब आपको संदेश नहीं मिलेंगे. फिर पाने के लिए START भेजें.",
                "यापुढे तुम्हाला संदेश मिळणार नाहीत. पुन्हा मिळवण्यासाठी START पाठवा.",
            ],
            Self::Started => [
                "You get messages again. Send STOP to end them.",
                "अब आपको फिर संदेश मिलेंगे. बंद करने के लिए STOP भेजें.",
                "तुम्हाला पुन्हा संदेश मिळतील. थांबवण्यासाठी STOP पाठवा.",
            ],
            Self::OnDuty => [
                "This number is on duty, so its messages go on. Please ask your office.",
                "यह नंबर ड्यूटी पर है, इसलिए संदेश आते रहेंगे. कृपया अपने कार्यालय से पूछें.",
                "हा क्रमांक ड्युटीवर आहे, म्हणून संदेश येत राहतील. कृपया आपल्या कार्यालयात विचारा.",
            ],
            Self::Acknowledged { .. } => {
                ["You take care of {0} now.", "अब {0} आपके ज़िम्मे है.", "आता {0} तुमच्याकडे आहे."]
            }
            Self::Taken { .. } => {
                ["{1} takes care of {0} already.", "{0} पहले से {1} के ज़िम्मे है.", "{0} आधीच {1} यांच्याकडे आहे."]
            }
            Self::NothingGoesOn { .. } => {
                ["Nothing called {0} goes on.", "{0} नाम का कुछ भी चालू नहीं है.", "{0} नावाचे काहीही चालू नाही."]
            }
            Self::Several { .. } => [
                "Several go on: {0}. Send ACK and one of these names.",
                "कई चालू हैं: {0}. ACK और इनमें से एक नाम भेजें.",
                "अनेक चालू आहेत: {0}. ACK आणि यापैकी एक नाव पाठवा.",
            ],
        }
    }

    fn values(&self, language: &Language, calendar: &Calendar) -> Vec<String> {
        match self {
            Self::Help | Self::HelpOnDuty | Self::Stopped | Self::Started | Self::OnDuty => vec![],
            Self::NoBalance { meter } | Self::NoUse { meter } => vec![meter.clone()],
            Self::Used { meter, wh, from, to } => {
                // A tenth of a kWh is what the display of a meter shows.
                let tenths = (wh + 50).div_euclid(100);
                let kwh = format!("{}.{}", tenths / 10, tenths.rem_euclid(10));
                vec![meter.clone(), kwh, language.time(*from, calendar), language.time(*to, calendar)]
            }
            Self::Acknowledged { what } | Self::NothingGoesOn { what } => vec![what.clone()],
            Self::Taken { what, by } => vec![what.clone(), by.clone()],
            Self::Several { names } => vec![names.join(", ")],
        }
    }

    /// All answers, with values as long as they are usually: those to consumers, or those to people on duty.
    pub fn samples(to_consumers: bool) -> Vec<Self> {
        let (meter, what) =
            ("M00000000001".to_owned(), "phase-neutral.M00000000001.20240107T0845Z".to_owned());
        if to_consumers {
            let (from, to) = (EventTime(0), EventTime(365 * DAY));
            return vec![
                Self::Help,
                Self::NoBalance { meter: meter.clone() },
                Self::Used { meter: meter.clone(), wh: 123_456_789, from, to },
                Self::NoUse { meter },
                Self::Stopped,
                Self::Started,
            ];
        }
        vec![
            Self::HelpOnDuty,
            Self::OnDuty,
            Self::Acknowledged { what: what.clone() },
            Self::Taken { what: what.clone(), by: "reader of A01, A02".to_owned() },
            Self::NothingGoesOn { what: meter },
            Self::Several { names: vec![what; 3] },
        ]
    }

    /// The text in a language; in English if there are no words in it.
    pub fn text(&self, language: &Language, calendar: &Calendar) -> String {
        self.fill(language, calendar, str::to_owned)
    }

    /// The text as it can be registered with India's operators: `{#var#}` for each 30 letters of what changes.
    pub fn registered_form(&self, language: &Language, calendar: &Calendar) -> String {
        self.fill(language, calendar, |value| {
            "{#var#}".repeat(value.chars().count().div_ceil(LONGEST_VALUE).max(1))
        })
    }

    fn fill(&self, language: &Language, calendar: &Calendar, write: impl Fn(&str) -> String) -> String {
        let [english, hindi, marathi] = self.words();
        let (words, language) = match language.to_string().as_str() {
            "hi" => (hindi, language),
            "mr" => (marathi, language),
            _ => (english, &Language::ENGLISH),
        };
        let values: Vec<String> = self.values(language, calendar).iter().map(|one| write(one)).collect();
        let mut text = String::new();
        let mut rest = words;
        while let Some((before, behind)) = rest.split_once('{') {
            text.push_str(before);
            let (number, behind) = behind.split_once('}').expect("a test reads all words");
            let value = number.parse::<usize>().ok().and_then(|number| values.get(number));
            text.push_str(value.map_or("", String::as_str));
            rest = behind;
        }
        text + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::calendar;
    use expect_test::expect;

    fn all() -> Vec<Answer> {
        let (meter, what) = ("M1".to_owned(), "M1".to_owned());
        vec![
            Answer::Help,
            Answer::HelpOnDuty,
            Answer::NoBalance { meter: meter.clone() },
            Answer::Used { meter: meter.clone(), wh: 12_349, from: EventTime(0), to: EventTime(86_400_000) },
            Answer::NoUse { meter },
            Answer::Stopped,
            Answer::Started,
            Answer::OnDuty,
            Answer::Acknowledged { what: what.clone() },
            Answer::Taken { what: what.clone(), by: "night shift".to_owned() },
            Answer::NothingGoesOn { what },
            Answer::Several { names: vec!["M1".to_owned(), "M10".to_owned()] },
        ]
    }

    #[test]
    fn the_first_word_says_what_is_asked() {
        let of = |text: &str| format!("{:?}", Command::parse(text));
        let all = ["use", " Use. thanks", "BAL", "stop!", "Start", "ack 87", "ACK", "why?", "", "मदद"];
        expect!["Use, Use, Balance, Stop, Start, Acknowledge(\"87\"), Acknowledge(\"\"), Help, Help, Help"]
            .assert_eq(&all.map(of).join(", "));
    }

    #[test]
    fn each_answer_has_its_values_in_each_language_and_accuses_nobody() {
        let words = ["theft", "thief", "fraud", "steal", "tamper", "suspicion", "चोर", "धोख", "फसव"];
        for answer in all() {
            for name in ["en", "hi", "mr", "ta"] {
                let language = Language::new(name).unwrap();
                let text = answer.text(&language, &calendar());
                assert!(!text.contains(['{', '}']) && !text.contains("  "), "{text}");
                assert_eq!(words.iter().find(|word| text.to_lowercase().contains(**word)), None, "{text}");
                for value in answer.values(&Language::ENGLISH, &calendar()).iter().take(2) {
                    assert!(text.contains(value), "{text} lacks {value}");
                }
            }
        }
    }

    #[test]
    fn each_answer_fits_the_form_in_which_it_can_be_registered() {
        for answer in [true, false].into_iter().flat_map(Answer::samples) {
            for language in ["en", "hi", "mr"].map(|name| Language::new(name).unwrap()) {
                let form = answer.registered_form(&language, &calendar());
                let registered = crate::words::Registered::new("1107160000000012345", &form).unwrap();
                let text = answer.text(&language, &calendar());
                assert!(registered.values(&text).is_some(), "{text} is not {form}");
            }
        }
        let acknowledged = &Answer::samples(false)[2];
        let form = acknowledged.registered_form(&Language::ENGLISH, &calendar());
        assert_eq!(form, "You take care of {#var#}{#var#} now.");
    }

    #[test]
    fn use_is_said_in_the_units_of_a_bill() {
        let used = &all()[3];
        let text = |name: &str| used.text(&Language::new(name).unwrap(), &calendar());
        expect!["Meter M1: 12.3 kWh from 1 Jan 05:30 to 2 Jan 05:30. | मीटर M1: 01/01 05:30 से 02/01 05:30 तक 12.3 kWh."]
            .assert_eq(&format!("{} | {}", text("en"), text("hi")));
    }
}
