//! The way to a server: addresses as people paste them, a proxy where one is written, and a word
//! about those of the environment, which are not used.

use url::Url;

use crate::source::error::{SourceError, TOO_SLOW, words};

/// Reads a configured address. http beyond loopback needs `insecure = "i know"`.
///
/// # Errors
/// [`SourceError::GiveUp`] with what to change.
pub fn address(text: &str, insecure: Option<&str>) -> Result<Url, SourceError> {
    let url = parsed(text.trim())?;
    let known = insecure == Some("i know");
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" | "http" if host.is_empty() => Err(SourceError::give_up("url has no host")),
        "https" | "http" if !url.username().is_empty() || url.password().is_some() => {
            Err(SourceError::give_up("url holds a user or password: use auth"))
        }
        "https" => Ok(url),
        "http" if known || is_loopback(&url) => Ok(url),
        "http" => Err(SourceError::give_up(
            "plain http beyond loopback: use https or set insecure = \"i know\"",
        )),
        other => Err(SourceError::give_up(format!("url scheme {} is not http", words(other)))),
    }
}

/// An address with its scheme; without one it is http on this machine, and elsewhere it is asked
/// for.
fn parsed(text: &str) -> Result<Url, SourceError> {
    let is_address = || SourceError::give_up("url is not an address (https://host/...)");
    if text.contains("://") {
        return Url::parse(text).map_err(|_| is_address());
    }
    let http = Url::parse(&format!("http://{text}")).map_err(|_| is_address())?;
    if text.is_empty() || text.starts_with(['/', '.']) {
        return Err(is_address());
    }
    if is_loopback(&http) {
        return Ok(http);
    }
    if text.split_once(':').is_some_and(|(scheme, rest)| {
        !scheme.contains('.') && !rest.starts_with(|c: char| c.is_ascii_digit())
    }) {
        return Url::parse(text).map_err(|_| is_address());
    }
    let host = words(http.host_str().unwrap_or_default());
    if http.port().is_none() && !host.contains('.') {
        return Err(is_address());
    }
    let port = http.port().map_or_else(String::new, |p| format!(":{p}"));
    Err(SourceError::give_up(format!("url has no scheme: write https://{host}{port}")))
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The written proxy.
///
/// # Errors
/// [`SourceError::GiveUp`] when it is no address.
pub fn proxy(written: Option<&str>) -> Result<Option<reqwest::Proxy>, SourceError> {
    let read = |text: &str| {
        let good = Url::parse(text).is_ok_and(|url| url.has_host());
        reqwest::Proxy::all(text)
            .ok()
            .filter(|_| good)
            .ok_or_else(|| SourceError::give_up("proxy is not an address (http://host:port)"))
    };
    written.map(read).transpose()
}

/// A proxy that the environment sets for such an address and that is not used, by its name.
pub fn ignored_proxy(url: &Url) -> Option<&'static str> {
    let value = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    in_environment(url, value)
}

fn in_environment(url: &Url, value: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let names: &[&'static str] = match url.scheme() {
        "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => &["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"],
    };
    let host = url.host_str().unwrap_or_default();
    let spared = ["NO_PROXY", "no_proxy"].iter().filter_map(|name| value(name)).any(|list| {
        list.split(',').map(str::trim).any(|one| {
            let one = one.trim_start_matches('.');
            !one.is_empty() && (one == "*" || host == one || host.ends_with(&format!(".{one}")))
        })
    });
    if spared || is_loopback(url) {
        return None;
    }
    names.iter().find(|name| value(name).is_some()).copied()
}

/// The same error, with the proxy that might have been the way.
pub fn with_proxy(error: SourceError, ignored: Option<&'static str>) -> SourceError {
    let Some(name) = ignored.filter(|_| is_unreached(error.why())) else { return error };
    error.reworded(|why| format!("{why}{}", unused(name)))
}

/// Words about a proxy that is not used.
pub fn unused(name: &str) -> String {
    format!(" ({name} is set and not used: write proxy = \"http://host:port\" to go through one)")
}

/// The server was not reached at all.
pub fn is_unreached(why: &str) -> bool {
    let starts =
        ["dns:", "timeout connect", "connection refused", "no connection", "no answer", TOO_SLOW];
    starts.iter().any(|start| why.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_11_addresses_as_people_paste_them_work_or_say_what_to_add() {
        for (text, read) in [
            ("localhost:9090", "http://localhost:9090/"),
            ("127.0.0.1:9090/prometheus", "http://127.0.0.1:9090/prometheus"),
            ("[::1]:9090", "http://[::1]:9090/"),
            (" https://prom.example/x/ ", "https://prom.example/x/"),
        ] {
            assert_eq!(address(text, None).map(String::from).as_deref(), Ok(read), "{text}");
        }
        for (text, words) in [
            ("prom.example:9090", "write https://prom.example:9090"),
            ("prom:9090", "write https://prom:9090"),
            ("prom.example", "write https://prom.example"),
            ("", "not an address"),
            ("/metrics", "not an address"),
            ("http://", "address"),
            ("ftp://host/x", "scheme ftp"),
            ("unix:/run/x", "scheme unix"),
        ] {
            let why = address(text, None).expect_err(text);
            assert!(why.why().contains(words), "{text}: {why}");
        }
    }

    #[test]
    fn tls_48_a_proxy_of_the_environment_is_named_where_it_would_have_been_the_way() {
        let url = |text: &str| Url::parse(text).expect("an address");
        let set = |all: &'static [(&str, &str)]| {
            move |name: &str| all.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        };
        let https = set(&[("HTTPS_PROXY", "http://p:3128")]);
        assert_eq!(in_environment(&url("https://shop.example"), https), Some("HTTPS_PROXY"));
        let https = set(&[("HTTPS_PROXY", "http://p:3128")]);
        assert_eq!(in_environment(&url("http://shop.example"), https), None);
        let spared = set(&[("all_proxy", "http://p"), ("NO_PROXY", "localhost, .example")]);
        assert_eq!(in_environment(&url("https://shop.example"), spared), None);
        let local = set(&[("HTTP_PROXY", "http://p")]);
        assert_eq!(in_environment(&url("http://127.0.0.1:1"), local), None);
        let error = with_proxy(SourceError::retry("timeout connect"), Some("HTTPS_PROXY"));
        assert!(error.why().contains("HTTPS_PROXY is set and not used: write proxy ="), "{error}");
        let error = with_proxy(SourceError::retry("http 503"), Some("HTTPS_PROXY"));
        assert_eq!(error.why(), "http 503");
    }
}
