//! Topics by their names.

/// What is wrong with the name of a topic, if anything: Kafka takes 1 to 249 of `A-Z a-z 0-9 . _ -`.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match name {
        "" => Err("it is empty".to_owned()),
        "." | ".." => Err(format!("Kafka keeps \"{name}\" for itself")),
        _ if name.len() > 249 => Err(format!("it has {} letters, and Kafka takes 249", name.len())),
        _ if !name.bytes().all(is_name_byte) => {
            Err(format!("Kafka takes only A-Z a-z 0-9 . _ -, found \"{name}\""))
        }
        _ => Ok(()),
    }
}
