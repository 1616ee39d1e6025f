fn main() {
    let file = std::env::args().nth(1).unwrap();
    let t = std::time::Instant::now();
    let r = fail_rehearse::rehearse(std::path::Path::new(&file), &fail_rehearse::Options::new("try"));
    match r {
        Err(e) => println!("{e}"),
        Ok(r) => {
            for e in &r.report.entries { println!("{:9.3} {:6} {:8} {:?} {} | {}", e.at as f64/1e9, e.host.as_deref().unwrap_or(""), e.service.as_deref().unwrap_or(""), e.kind, e.text, e.why); }
            for v in &r.report.verdicts { println!("{} {} tested {} {} {:?}", v.held, v.text, v.tested, v.measured, v.broken); }
            if let Some(t) = r.tried { println!("{} seeds {:?}", t.seeds, t.broken.map(|s| (s.seed, s.before, s.acts, s.report.verdicts.iter().filter(|v| !v.held).cloned().collect::<Vec<_>>()))); }
            println!("{:?} entries {}", t.elapsed(), r.report.entries.len());
        }
    }
}
