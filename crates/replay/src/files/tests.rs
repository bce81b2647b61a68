use super::*;

/// All blocks of a text.
fn blocks(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Lines::new(Box::new(io::Cursor::new(text.to_vec())));
    let (mut block, mut all) = (Vec::new(), Vec::new());
    while lines.next_block(&mut block).unwrap() {
        all.push(block.clone());
    }
    all
}

#[test]
fn blocks_end_where_lines_do_and_lose_nothing() {
    let text = "a line of some letters\n".repeat(40_000) + "the last has no end";
    let all = blocks(text.as_bytes());
    assert!(all.len() > 3);
    assert!(all[..all.len() - 1].iter().all(|block| block.ends_with(b"\n")));
    assert!(all.concat() == text.as_bytes());
}

#[test]
fn the_end_of_a_line_longer_than_a_block_is_no_line() {
    let long_line = |length: usize| [b"x".repeat(length), b"{\"meter\":\"SNEAK\"}\n".to_vec()].concat();
    let beginning = b"x".repeat(LONGEST_LINE + 1);
    for length in [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 5] {
        let text = [b"before\n".to_vec(), long_line(length), b"after\n".to_vec()].concat();
        let found = blocks(&text);
        assert!(found == [b"before\n".to_vec(), beginning.clone(), b"after\n".to_vec()], "{length}");
    }
    // The file may end within the long line, or with it.
    assert!(blocks(&b"x".repeat(BLOCK)) == [beginning.clone()]);
    assert!(blocks(&b"x".repeat(2 * BLOCK + 1)) == [beginning.clone()]);
    assert!(blocks(&long_line(BLOCK)) == [beginning]);
}
