//! getnode

fn main() {
    let _options: fail_cli::Getnode = fail_cli::parse_or_exit();
}
