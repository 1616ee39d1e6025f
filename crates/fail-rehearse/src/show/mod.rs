//! A report for people and programs: `text` for a terminal, `json`, and `html` as one page
//! without anything from elsewhere.
