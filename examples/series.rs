//! Scores a directory of series: `series IN OUT [SENSITIVITY] [DIRECTION.json]`.
//! A thin door for measuring; the product's own is `tillwatch backtest series`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tillwatch::domain::metric::Bad;
use tillwatch::policy::sensitivity::Sensitivity;
use tillwatch::report::backtest_series::{directions, relative_name, run_file};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, rest @ ..] = args.as_slice() else {
        anyhow::bail!("series IN OUT [low|normal|high] [DIRECTION.json]");
    };
    let text = rest.first().map_or("normal", String::as_str);
    let sensitivity: Sensitivity = text.parse().map_err(anyhow::Error::msg)?;
    let ways = match rest.get(1) {
        Some(path) => directions(&fs::read_to_string(path)?).map_err(anyhow::Error::msg)?,
        None => BTreeMap::new(),
    };
    let root = Path::new(input);
    for file in files(root)? {
        let Some(name) = relative_name(root, &file) else { continue };
        let bad = ways.get(&name).copied().unwrap_or(Bad::Both);
        let target = Path::new(output).join(&name);
        fs::create_dir_all(target.parent().unwrap_or(root))?;
        fs::write(target, run_file(&fs::read_to_string(&file)?, sensitivity, bad))?;
    }
    Ok(())
}

fn files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}
