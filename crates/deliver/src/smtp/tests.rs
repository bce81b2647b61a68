use super::*;
use expect_test::expect;
use outbox::{MessageId, Ticket};

fn smtp() -> Smtp {
    let sender = "Gridwarden <alerts@example.org>".parse().unwrap();
    Smtp { address: "127.0.0.1:9".to_owned(), tls: Tls::None, login: None, sender }
}

fn submission(to: &str, text: &str) -> Submission {
    let (id, line, text) = (MessageId("email.duty.a b@2026".to_owned()), to.to_owned(), text.to_owned());
    Submission { ticket: Ticket(1), gateway: 0, id, number: 1, line, text, part: 0, parts: 2 }
}

#[test]
fn a_message_has_a_subject_a_name_and_its_text() {
    let message = smtp().message(&submission("duty@example.org", "M1: 7.2 A\nfrom 09:00")).unwrap();
    let formatted = String::from_utf8(message.formatted()).unwrap();
    let without_date: String = formatted
        .lines()
        .filter(|line| !line.starts_with("Date: "))
        .map(|line| format!("{line}\n"))
        .collect();
    expect![[r#"
        From: Gridwarden <alerts@example.org>
        To: duty@example.org
        Subject: M1: 7.2 A
        Message-ID: <email.duty.a_b_2026@gridwarden>
        Auto-Submitted: auto-generated
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        M1: 7.2 A
        from 09:00
    "#]]
    .assert_eq(&without_date);
}

#[test]
fn a_text_that_would_add_a_header_adds_none() {
    let message =
        smtp().message(&submission("duty@example.org", "a\r\nBcc: all@example.org\r\n\r\nb")).unwrap();
    assert_eq!(message.envelope().to().len(), 1);
    let formatted = String::from_utf8(message.formatted()).unwrap();
    let head = formatted.split("\r\n\r\n").next().unwrap();
    assert!(!head.contains("Bcc"), "{head}");
    assert!(smtp().message(&submission("duty@example.org\r\nBcc: a@b.c", "a")).is_err());
}

#[test]
fn a_long_first_line_is_cut_between_letters() {
    assert_eq!(subject(&"म".repeat(100)), format!("{}..", "म".repeat(78)));
    assert_eq!(subject("short\nrest"), "short");
}

#[test]
fn only_what_is_wrong_with_the_message_itself_is_given_up() {
    let answer = |code: u16| {
        let digits = [code / 100, code / 10 % 10, code % 10];
        let text = format!("{}{}{} no\r\n", digits[0], digits[1], digits[2]);
        let response: lettre::transport::smtp::response::Response = text.parse().unwrap();
        match refused(response.code()) {
            Answer::Never { .. } => 'n',
            Answer::NotNow { .. } => 'r',
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        [421, 450, 451, 452, 501, 530, 535, 550, 552, 554].map(answer).iter().collect::<String>(),
        "rrrrnrrnnn"
    );
}
