//! Any bytes as the header of a firmware image; signed by the maker too, or nothing would get past the signature.
#![no_main]

use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;
use meter_wire::image::{HEADER, ImageCheck, ImageHeader, Installed};

fuzz_target!(|bytes: &[u8]| {
    let mut header = [0; HEADER];
    header.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    let maker = SigningKey::from_bytes(&[8; 32]);
    let installed = Installed {
        maker: maker.verifying_key().to_bytes(),
        board: 3,
        version: [1, 2, 3],
        slot_bytes: 1_000,
    };
    assert!(ImageHeader::new(header).check(&installed).is_err());
    if bytes.len().is_multiple_of(2) {
        header[..5].copy_from_slice(b"GWFW\x01");
    }
    let signed = [&b"gridwarden-image-1"[..], &header[..49]].concat();
    header[49..].copy_from_slice(&maker.sign(&signed).to_bytes());
    if let Ok(described) = ImageHeader::new(header).check(&installed) {
        assert!(described.board == 3 && described.version > [1, 2, 3]);
        let mut check = ImageCheck::new(described);
        bytes.chunks(7).for_each(|part| check.update(part));
        // Nobody finds an image with a SHA-256 that was given.
        assert!(check.finish(0, 0).is_err());
    }
});
