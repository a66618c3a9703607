//! Configs for tests, made of what the repository ships: the demo's sources and its rollback hook.
//! Only addresses, the journal and the secret's place are filled in here.

use std::path::Path;

use crate::rust_text::root;
use crate::shopd::Shop;

/// The shared secret of the tests' shops; it guards nothing.
pub const SECRET: &str = "whsec_dGlsbHdhdGNoLXRlc3RzLWd1YXJkLW5vdGhpbmchIQ==";

/// The demo's sources for the shop at `url`.
pub fn demo_sources(url: &str) -> String {
    let path = root().join("src/source/demo_sources.toml");
    let text = std::fs::read_to_string(path).expect("the demo's sources");
    text.replace("http://127.0.0.1:PORT", url)
}

/// The rollback hook of the shop at `url`.
pub fn action(url: &str) -> String {
    format!(
        "[[action]]\nname = \"rollback\"\nkind = \"webhook\"\nurl = \"{url}/hooks/rollback\"\n\
         status_url = \"{url}/hooks/rollback/{{id}}\"\n\
         secret = {{ env = \"TILLWATCH_SHOP_SECRET\" }}\nenvironment = \"production\"\n\
         cooldown = \"1m\"\nverify = \"1m\"\n\n"
    )
}

/// Shop, journal and rollback hook, without sources.
pub fn frame(home: &Path, url: &str) -> String {
    format!(
        "[shop]\nname = \"test shop\"\n\n[journal]\nurl = \"sqlite:{}/journal.db\"\n\n{}",
        home.display(),
        action(url)
    )
}

/// Writes `text` as the config under `home` and returns its path.
pub fn write(home: &Path, text: &str) -> String {
    let path = home.join("tillwatch.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

/// A config for this shop, read the way the demo reads it.
pub fn shop_config(home: &Path, shop: &Shop) -> String {
    write(home, &(frame(home, &shop.url) + &demo_sources(&shop.url)))
}
