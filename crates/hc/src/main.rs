//! hc

fn main() {
    let _options: fail_cli::Hc = fail_cli::parse_or_exit();
}
