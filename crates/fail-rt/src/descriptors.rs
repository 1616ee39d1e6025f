//! How many files and sockets this process may have open: raised, where the system lets us, to
//! what its limits on clients add up to. Without that, many clients would take the descriptor
//! with which a file is written.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// Raises the limit to this number, or as far as it goes, and gives what it is then. It is
/// never lowered.
pub fn raise(wanted: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    let goal = rlim_t::from(wanted).min(hard);
    if goal <= soft {
        return soft;
    }
    match setrlimit(Resource::RLIMIT_NOFILE, goal, hard) {
        Ok(()) => goal,
        Err(_) => soft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_raised_as_far_as_it_goes_and_never_lowered() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(raise(1), soft);
        let more = (soft + 1).min(hard);
        assert_eq!(raise(more), more);
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (more, hard));
        assert_eq!(raise(u64::MAX), hard);
    }
}
