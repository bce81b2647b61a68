//! Any bytes as messages of a gateway, and as the text of a receipt. What is read is written as something that reads the
//! same.
#![no_main]

use deliver::smpp::pdu::{Body, Deliver, Pdu};
use deliver::smpp::read_receipt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let receipt = Deliver { esm_class: 4, message: bytes.to_vec(), ..Deliver::default() };
    let _ = read_receipt(&receipt);
    let mut rest = bytes;
    while let Ok(Some((pdu, length))) = Pdu::read(rest) {
        assert!(length > 0 && length <= rest.len());
        rest = &rest[length..];
        if let Body::DeliverSm(deliver) = &pdu.body {
            let _ = read_receipt(deliver);
        }
        let mut written = Vec::new();
        pdu.write(&mut written);
        let again = Pdu::read(&written).expect("what is written can be read").expect("and is whole");
        assert_eq!(again.1, written.len());
    }
});
