use super::*;
use std::collections::BTreeSet;

/// A file of its own, and two who work on it.
fn two() -> (tempfile::TempDir, People, People) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite");
    let (one, other) = (People::open(&path).unwrap(), People::open(&path).unwrap());
    (dir, one, other)
}

fn silence(area: &str) -> Silence {
    Silence {
        name: String::new(),
        from: Moment(0),
        until: Moment(i64::MAX),
        author: "kim".to_owned(),
        reason: "works".to_owned(),
        kind: None,
        meter: None,
        area: Some(area.to_owned()),
        feeder: None,
        up_to: None,
        ended: None,
    }
}

fn lines(people: &People) -> Vec<String> {
    let lines = people.lines(None, 100).unwrap();
    lines.into_iter().map(|line| format!("{} {} {}", line.number, line.who, line.what)).collect()
}

#[test]
fn a_token_is_good_for_who_has_its_text_until_it_is_revoked() {
    let (dir, mut one, other) = two();
    let areas = Some(BTreeSet::from(["A01".to_owned()]));
    let (token, secret) = one.add_token("night", Role::Operator, areas, "kim").unwrap().unwrap();
    assert_eq!(other.token_of(secret.reveal()).unwrap(), Some(token.clone()));
    let wrong = [
        String::new(),
        "gwt_".to_owned(),
        format!("gwt_{}_", token.id),
        secret.reveal()[..secret.reveal().len() - 1].to_owned(),
        format!("{}x", secret.reveal()),
        secret.reveal().replace("gwt", "GWT"),
    ];
    for text in wrong {
        assert_eq!(other.token_of(&text).unwrap(), None, "{text}");
    }
    assert!(token.may_know(Some("A01")) && !token.may_know(Some("A02")) && !token.may_know(None));
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let secret = secret.reveal().rsplit('_').next().unwrap().as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "the file holds the secret");
    }
    assert!(other.is_good(&token.id).unwrap());
    assert!(one.revoke_token(&token.id, "kim").unwrap());
    assert!(!other.is_good(&token.id).unwrap() && !other.is_good("x").unwrap());
    assert!(!one.revoke_token(&token.id, "kim").unwrap());
    assert_eq!(other.token_of(secret.reveal()).unwrap(), None);
    assert_eq!(lines(&other), ["2 kim token.revoke", "1 kim token.add"]);
}

#[test]
fn a_token_that_makes_no_sense_is_not_made() {
    let (_dir, mut people, _) = two();
    let mut wrong = |name: &str, role, areas: Option<&[&str]>| {
        let areas = areas.map(|areas| areas.iter().map(|area| (*area).to_owned()).collect());
        people.add_token(name, role, areas, "kim").unwrap().unwrap_err()
    };
    assert_eq!(wrong(" ", Role::Viewer, None), WrongToken::NoName);
    assert_eq!(wrong("a\nb", Role::Viewer, None), WrongToken::NoName);
    assert_eq!(wrong("a", Role::Admin, Some(&["A01"])), WrongToken::AdminOfAreas);
    assert_eq!(wrong("a", Role::Viewer, Some(&[])), WrongToken::NoAreas);
    assert_eq!(lines(&people), [""; 0]);
}

#[test]
fn what_one_decides_the_other_sees_and_a_change_that_is_none_leaves_no_line() {
    let (_dir, mut one, mut other) = two();
    let name = one.add_silence(&silence("A01"), "kim").unwrap();
    assert_eq!(other.silence(&name).unwrap().map(|one| one.area), Some(Some("A01".to_owned())));
    assert!(other.end_silence(&name, "lee").unwrap());
    assert!(!one.end_silence(&name, "kim").unwrap());
    assert_eq!(one.silences().unwrap()[0].ended.as_ref().map(|(_, by)| by.as_str()), Some("lee"));
    assert!(one.acknowledge("case", "kim", "mine", "kim").unwrap());
    assert!(!other.acknowledge("case", "lee", "no, mine", "lee").unwrap());
    assert_eq!(other.ack("case").unwrap().map(|ack| ack.author), Some("kim".to_owned()));
    assert_eq!(lines(&one), ["3 kim ack", "2 lee silence.end", "1 kim silence.add"]);
    assert_eq!(one.changes().unwrap(), 3);
}

#[test]
fn a_line_that_was_changed_or_taken_out_is_found() {
    let changed = |sql: &str| {
        let (dir, mut people, _) = two();
        for number in 1..=4 {
            people.note("kim", "test", &number.to_string(), "").unwrap();
        }
        assert_eq!(people.first_changed_line().unwrap(), None);
        Connection::open(dir.path().join("store.sqlite")).unwrap().execute_batch(sql).unwrap();
        people.first_changed_line().unwrap()
    };
    assert_eq!(changed("UPDATE audit SET who = 'lee' WHERE number = 3"), Some(3));
    assert_eq!(changed("UPDATE audit SET time = time + 1 WHERE number = 1"), Some(1));
    assert_eq!(changed("DELETE FROM audit WHERE number = 2"), Some(2));
    assert_eq!(changed("UPDATE audit SET who = 'ki', what = 'mtest' WHERE number = 4"), Some(4));
}
