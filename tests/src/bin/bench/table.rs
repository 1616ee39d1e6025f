//! Figures as people read them.

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Such a part of them are not greater.
pub fn quantile(mut figures: Vec<f64>, part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    // A place in a list, rounded down on purpose.
    let place = (figures.len() as f64 * part) as usize;
    let last = figures.len().saturating_sub(1);
    figures.get(place.min(last)).copied().unwrap_or(f64::NAN)
}

/// With a comma at the thousands: `12,345`.
pub fn count(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A heading with nothing before it but a blank line, and the headings of its columns.
pub fn heading(title: &str, columns: &[&str]) {
    println!("\n{title}");
    row("", columns);
}

/// One row: what it is, and its figures, each under the end of its heading.
pub fn row<S: AsRef<str>>(what: &str, figures: &[S]) {
    let figures: String = figures
        .iter()
        .map(|figure| format!("{:>15}", figure.as_ref()))
        .collect();
    println!("  {what:<44}{figures}");
}
