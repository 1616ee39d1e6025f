//! Words of command lines, as a shell would read them.

/// The words of a command line, in which double quotes hold one together.
pub fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (n, part) in line.split('"').enumerate() {
        let mut pieces = part.split_whitespace().peekable();
        if n % 2 == 1 {
            add(&mut words, part);
            continue;
        }
        if part.starts_with(char::is_whitespace) {
            words.push(String::new());
        }
        while let Some(piece) = pieces.next() {
            add(&mut words, piece);
            if pieces.peek().is_some() {
                words.push(String::new());
            }
        }
        if part.ends_with(char::is_whitespace) {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn add(words: &mut [String], text: &str) {
    // There is always a last one.
    if let Some(word) = words.last_mut() {
        word.push_str(text);
    }
}
