//! Why a system call failed, in words that fit behind a colon and in the name that Tcl's
//! `errorCode` wants. No numbers, no `(os error 2)`.

use std::io;

use nix::errno::Errno;

/// `no such file or directory`.
pub fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => errno_words(Errno::from_raw(number)),
        None => error.to_string(),
    }
}

/// `no such file or directory`.
pub fn errno_words(errno: Errno) -> String {
    let text = errno.desc();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        // `I/O error` and `RFS specific error` stay as they are.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().collect::<String>() + &text[first.len_utf8()..]
        }
        _ => text.to_owned(),
    }
}

/// `ENOENT`; what is no error of the system counts as `EINVAL`.
pub fn name(error: &io::Error) -> String {
    let errno = error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw);
    format!("{errno:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_behind_a_colon() {
        let error = io::Error::from_raw_os_error(libc::ENOENT);
        assert_eq!(words(&error), "no such file or directory");
        assert_eq!(name(&error), "ENOENT");
        assert_eq!(errno_words(Errno::EIO), "I/O error");
        assert_eq!(words(&io::Error::other("odd")), "odd");
    }
}
