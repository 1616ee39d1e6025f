//! hcmon

fn main() {
    let _options: fail_cli::Hcmon = fail_cli::parse_or_exit();
}
