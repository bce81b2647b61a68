//! The messages of SMPP 3.4 that a client needs, as bytes. Any bytes give a message or a reason.

/// The longest message that is read. Ours have some 300 bytes, and a receipt with a payload a few hundred.
const LONGEST: u32 = 64 * 1024;
const HEADER: usize = 16;
/// Version 3.4, in `interface_version`.
const VERSION: u8 = 0x34;

const BIND_TRANSCEIVER: u32 = 0x09;
const SUBMIT_SM: u32 = 0x04;
const DELIVER_SM: u32 = 0x05;
const UNBIND: u32 = 0x06;
const ENQUIRE_LINK: u32 = 0x15;
const GENERIC_NACK: u32 = 0x8000_0000;
/// Set in the answer to a command.
const RESPONSE: u32 = 0x8000_0000;

const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
const MESSAGE_PAYLOAD: u16 = 0x0424;
const MESSAGE_STATE: u16 = 0x0427;
/// The entity that sends, and the registered text: vendor tags that India's aggregators have agreed on.
const ENTITY_ID: u16 = 0x1400;
const TEMPLATE_ID: u16 = 0x1401;

/// An address with its type of number and its numbering plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// The type of number: 1 is international, 5 letters.
    pub ton: u8,
    /// The numbering plan: 1 is that of telephones.
    pub npi: u8,
    /// The number or name.
    pub text: String,
}

impl Address {
    /// A phone number. With a `+` it is international, without one as the gateway knows it.
    pub fn of_phone(number: &str) -> Self {
        match number.strip_prefix('+') {
            Some(digits) => Self { ton: 1, npi: 1, text: digits.to_owned() },
            None => Self { ton: 0, npi: 1, text: number.to_owned() },
        }
    }

    /// A name of up to eleven letters, or a number.
    pub fn of_sender(sender: &str) -> Self {
        if sender.bytes().all(|b| b.is_ascii_digit() || b == b'+') {
            return Self::of_phone(sender);
        }
        Self { ton: 5, npi: 0, text: sender.to_owned() }
    }
}

/// A message to a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// Who sends it.
    pub source: Address,
    /// Who gets it.
    pub destination: Address,
    /// Flags: 0x40 says that a header comes before the text.
    pub esm_class: u8,
    /// 1 asks for a receipt.
    pub registered_delivery: u8,
    /// How the text is written.
    pub data_coding: u8,
    /// The bytes.
    pub message: Vec<u8>,
    /// The ids of the entity that sends and of the registered text, where operators ask for them.
    pub registered: Option<(String, String)>,
}

/// A message from the gateway: a receipt, or what a phone has sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deliver {
    /// Who sent it.
    pub source: Address,
    /// Flags: 0x04 says that it is a receipt.
    pub esm_class: u8,
    /// How the text is written.
    pub data_coding: u8,
    /// The bytes.
    pub message: Vec<u8>,
    /// The name of the message that a receipt is about.
    pub receipted: Option<String>,
    /// Its state, as a number.
    pub state: Option<u8>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Opens a session for both directions.
    BindTransceiver {
        /// The name of the client.
        system_id: String,
        /// Its password.
        password: String,
        /// What kind of client it is; mostly empty.
        system_type: String,
    },
    /// The answer to that.
    BindTransceiverResp,
    /// A message to a phone.
    SubmitSm(Submit),
    /// The answer to that.
    SubmitSmResp {
        /// The name that the gateway gave it.
        message_id: String,
    },
    /// A message from the gateway.
    DeliverSm(Box<Deliver>),
    /// The answer to that.
    DeliverSmResp,
    /// Are you there?
    EnquireLink,
    /// The answer to that.
    EnquireLinkResp,
    /// Ends the session.
    Unbind,
    /// The answer to that.
    UnbindResp,
    /// What came made no sense.
    GenericNack,
    /// A command that is not known here.
    Other(u32),
}

/// A message: what it says, how it went, and the number that joins an answer with its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// 0 if all is well.
    pub status: u32,
    /// The number.
    pub sequence: u32,
    /// What it says.
    pub body: Body,
}

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PduError {
    /// A length that no message has.
    #[error("a message claims to have {found} bytes; it has {HEADER} to {LONGEST}")]
    Length {
        /// What it claims.
        found: u32,
    },
    /// A field goes beyond the end.
    #[error("message {command:#010x} ends within its field `{field}`")]
    Short {
        /// Which message.
        command: u32,
        /// Which field.
        field: &'static str,
    },
}

impl Pdu {
    /// A message that asks or answers without trouble.
    pub fn new(sequence: u32, body: Body) -> Self {
        Self { status: 0, sequence, body }
    }

    /// Takes the first message from the front of some bytes, if it is there as a whole, and how many bytes it had.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, PduError> {
        let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
        let number =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (length, command, status, sequence) = (number(0), number(4), number(8), number(12));
        if !(HEADER as u32..=LONGEST).contains(&length) {
            return Err(PduError::Length { found: length });
        }
        let Some(body) = bytes.get(HEADER..length as usize) else { return Ok(None) };
        let body = Fields { command, rest: body }.body(status)?;
        Ok(Some((Self { status, sequence, body }, length as usize)))
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.command().to_be_bytes());
        out.extend_from_slice(&self.status.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        match &self.body {
            Body::BindTransceiver { system_id, password, system_type } => {
                [system_id, password, system_type].into_iter().for_each(|text| text_to(text, out));
                out.extend_from_slice(&[VERSION, 0, 0, 0]);
            }
            Body::SubmitSm(submit) => submit.write(out),
            // The name is not used, but its end must be there.
            Body::DeliverSmResp | Body::BindTransceiverResp => out.push(0),
            Body::SubmitSmResp { message_id } => text_to(message_id, out),
            Body::DeliverSm(deliver) => deliver.write(out),
            _ => {}
        }
        let length = (out.len() - start) as u32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn command(&self) -> u32 {
        match &self.body {
            Body::BindTransceiver { .. } => BIND_TRANSCEIVER,
            Body::BindTransceiverResp => BIND_TRANSCEIVER | RESPONSE,
            Body::SubmitSm(_) => SUBMIT_SM,
            Body::SubmitSmResp { .. } => SUBMIT_SM | RESPONSE,
            Body::DeliverSm(_) => DELIVER_SM,
            Body::DeliverSmResp => DELIVER_SM | RESPONSE,
            Body::EnquireLink => ENQUIRE_LINK,
            Body::EnquireLinkResp => ENQUIRE_LINK | RESPONSE,
            Body::Unbind => UNBIND,
            Body::UnbindResp => UNBIND | RESPONSE,
            Body::GenericNack => GENERIC_NACK,
            Body::Other(command) => *command,
        }
    }
}

impl Submit {
    fn write(&self, out: &mut Vec<u8>) {
        // service_type
        out.push(0);
        address_to(&self.source, out);
        address_to(&self.destination, out);
        // protocol_id, priority_flag, schedule_delivery_time and validity_period
        out.extend_from_slice(&[self.esm_class, 0, 0, 0, 0]);
        // replace_if_present_flag and sm_default_msg_id around data_coding
        out.extend_from_slice(&[self.registered_delivery, 0, self.data_coding, 0]);
        bytes_to(&self.message, out);
        if let Some((entity, template)) = &self.registered {
            parameter_to(ENTITY_ID, entity.as_bytes(), out);
            parameter_to(TEMPLATE_ID, template.as_bytes(), out);
        }
    }
}

impl Deliver {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(0);
        address_to(&self.source, out);
        address_to(&Address::default(), out);
        out.extend_from_slice(&[self.esm_class, 0, 0, 0, 0, 0, 0, self.data_coding, 0]);
        bytes_to(&self.message, out);
        if let Some(receipted) = &self.receipted {
            parameter_to(RECEIPTED_MESSAGE_ID, format!("{receipted}\0").as_bytes(), out);
        }
        if let Some(state) = self.state {
            parameter_to(MESSAGE_STATE, &[state], out);
        }
    }
}

/// A text and its end. A zero within it would end it early, and no field of ours has one.
fn text_to(text: &str, out: &mut Vec<u8>) {
    out.extend(text.bytes().filter(|b| *b != 0));
    out.push(0);
}

fn address_to(address: &Address, out: &mut Vec<u8>) {
    out.extend_from_slice(&[address.ton, address.npi]);
    text_to(&address.text, out);
}

/// An optional parameter.
fn parameter_to(tag: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&tag.to_be_bytes());
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

/// A message has at most 254 bytes here: parts of long ones have 140.
fn bytes_to(message: &[u8], out: &mut Vec<u8>) {
    let message = &message[..message.len().min(254)];
    out.push(message.len() as u8);
    out.extend_from_slice(message);
}

/// The fields of a message, from its front.
struct Fields<'a> {
    command: u32,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn body(mut self, status: u32) -> Result<Body, PduError> {
        Ok(match self.command {
            BIND_TRANSCEIVER => {
                let (system_id, password) = (self.text("system_id")?, self.text("password")?);
                Body::BindTransceiver { system_id, password, system_type: self.text("system_type")? }
            }
            c if c == BIND_TRANSCEIVER | RESPONSE => Body::BindTransceiverResp,
            SUBMIT_SM => Body::SubmitSm(self.submit()?),
            // With an error the body may be left out.
            c if c == SUBMIT_SM | RESPONSE && (status != 0 && self.rest.is_empty()) => {
                Body::SubmitSmResp { message_id: String::new() }
            }
            c if c == SUBMIT_SM | RESPONSE => Body::SubmitSmResp { message_id: self.text("message_id")? },
            DELIVER_SM => Body::DeliverSm(Box::new(self.deliver()?)),
            c if c == DELIVER_SM | RESPONSE => Body::DeliverSmResp,
            ENQUIRE_LINK => Body::EnquireLink,
            c if c == ENQUIRE_LINK | RESPONSE => Body::EnquireLinkResp,
            UNBIND => Body::Unbind,
            c if c == UNBIND | RESPONSE => Body::UnbindResp,
            GENERIC_NACK => Body::GenericNack,
            other => Body::Other(other),
        })
    }

    fn submit(&mut self) -> Result<Submit, PduError> {
        self.text("service_type")?;
        let (source, destination) = (self.address("source_addr")?, self.address("destination_addr")?);
        let esm_class = self.middle()?;
        let registered_delivery = self.byte("registered_delivery")?;
        self.byte("replace_if_present_flag")?;
        let data_coding = self.byte("data_coding")?;
        self.byte("sm_default_msg_id")?;
        let message = self.short_message()?;
        let (mut entity, mut template) = (None, None);
        while let Some((tag, value)) = self.parameter() {
            match tag {
                ENTITY_ID => entity = Some(lossy(value)),
                TEMPLATE_ID => template = Some(lossy(value)),
                _ => {}
            }
        }
        let registered = entity.zip(template);
        Ok(Submit { source, destination, esm_class, registered_delivery, data_coding, message, registered })
    }

    fn deliver(&mut self) -> Result<Deliver, PduError> {
        self.text("service_type")?;
        let source = self.address("source_addr")?;
        self.address("destination_addr")?;
        let esm_class = self.middle()?;
        self.byte("registered_delivery")?;
        self.byte("replace_if_present_flag")?;
        let data_coding = self.byte("data_coding")?;
        self.byte("sm_default_msg_id")?;
        let message = self.short_message()?;
        let mut deliver = Deliver { source, esm_class, data_coding, message, receipted: None, state: None };
        while let Some((tag, value)) = self.parameter() {
            match tag {
                RECEIPTED_MESSAGE_ID => deliver.receipted = Some(lossy(value)),
                MESSAGE_PAYLOAD => deliver.message = value.to_vec(),
                MESSAGE_STATE => deliver.state = value.first().copied(),
                _ => {}
            }
        }
        Ok(deliver)
    }

    /// `esm_class`, and what stands between it and `registered_delivery`.
    fn middle(&mut self) -> Result<u8, PduError> {
        let esm_class = self.byte("esm_class")?;
        self.byte("protocol_id")?;
        self.byte("priority_flag")?;
        self.text("schedule_delivery_time")?;
        self.text("validity_period")?;
        Ok(esm_class)
    }

    fn short_message(&mut self) -> Result<Vec<u8>, PduError> {
        let length = usize::from(self.byte("sm_length")?);
        Ok(self.take(length, "short_message")?.to_vec())
    }

    fn address(&mut self, field: &'static str) -> Result<Address, PduError> {
        Ok(Address { ton: self.byte(field)?, npi: self.byte(field)?, text: self.text(field)? })
    }

    /// An optional parameter at the end. One that is cut off counts as none: all that is needed stands before it.
    fn parameter(&mut self) -> Option<(u16, &'a [u8])> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((u16::from_be_bytes([head[0], head[1]]), value))
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, PduError> {
        Ok(self.take(1, field)?[0])
    }

    fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], PduError> {
        let short = PduError::Short { command: self.command, field };
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A text up to its end, which is a zero.
    fn text(&mut self, field: &'static str) -> Result<String, PduError> {
        let end = self.rest.iter().position(|b| *b == 0);
        let end = end.ok_or(PduError::Short { command: self.command, field })?;
        let text = self.take(end, field)?;
        self.take(1, field)?;
        Ok(lossy(text))
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}
