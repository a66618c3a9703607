//! Configs for tests, made the way a user makes them: `demo --keep` writes one for its shop.
//! Only addresses, the journal and secrets are filled in here.

use std::path::Path;

use crate::shopd::Shop;

/// Writes a config for this shop under `home` and returns its path.
pub fn shop_config(home: &Path, shop: &Shop) -> String {
    let text = format!("# {}\n", shop.url);
    let path = home.join("tillwatch.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}
