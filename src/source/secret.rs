//! Where a secret comes from: environment, file, command or systemd credential; never the config.
//! A resolved secret is a `SecretString`: no Debug, no Display, wiped when dropped.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::SourceError;
use super::home;

/// Largest secret taken, in bytes.
const CAP: u64 = 64 * 1024;
/// Longest wait for a secret command.
const COMMAND_TIME: Duration = Duration::from_secs(10);

const HOW: &str = "write { env = \"NAME\" }, { file = \"path\" }, { command = [\"program\"] } \
                   or { credential = \"name\" }";

/// How to get a secret, as config writes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretSpec {
    Env(String),
    /// Refused when group or world may read it.
    File(PathBuf),
    /// Program and arguments, no shell; its first output is the secret.
    Command(Vec<String>),
    /// A file of that name in systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

impl SecretSpec {
    /// Reads the secret. One trailing line end is not part of it.
    ///
    /// # Errors
    /// [`SourceError::Denied`] when it cannot be had, is empty or is readable by others.
    pub async fn resolve(&self) -> Result<SecretString, SourceError> {
        let text = match self {
            Self::Env(name) => std::env::var(name)
                .map_err(|_| denied(format!("environment variable {name} is not set")))?,
            Self::File(path) => private_file(path).await?,
            Self::Command(words) => output_of(words).await?,
            Self::Credential(name) => {
                let folder = std::env::var("CREDENTIALS_DIRECTORY")
                    .map_err(|_| denied("CREDENTIALS_DIRECTORY is not set".to_owned()))?;
                read(&Path::new(&folder).join(name)).await?
            }
        };
        let text = text.strip_suffix('\n').map_or(text.as_str(), |t| t.trim_end_matches('\r'));
        if text.is_empty() {
            return Err(denied(format!("{} gives an empty secret", self.place())));
        }
        Ok(SecretString::from(text.to_owned()))
    }

    /// Where it comes from, for messages.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable {name}"),
            Self::File(path) => format!("file {}", path.display()),
            Self::Command(words) => {
                format!("command {}", words.first().map_or("", String::as_str))
            }
            Self::Credential(name) => format!("credential {name}"),
        }
    }
}

fn denied(why: String) -> SourceError {
    SourceError::Denied { why }
}

async fn private_file(path: &Path) -> Result<String, SourceError> {
    let shown = path.display();
    let meta = tokio::fs::metadata(path)
        .await
        .map_err(|e| denied(format!("secret file {shown}: {}", e.kind())))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(denied(format!("secret file {shown} is readable by others: chmod 600 it")));
    }
    read(path).await
}

async fn read(path: &Path) -> Result<String, SourceError> {
    use tokio::io::AsyncReadExt;
    let shown = path.display();
    let fail = |e: std::io::Error| denied(format!("secret file {shown}: {}", e.kind()));
    let file = tokio::fs::File::open(path).await.map_err(fail)?;
    let mut text = String::new();
    file.take(CAP).read_to_string(&mut text).await.map_err(fail)?;
    Ok(text)
}

async fn output_of(words: &[String]) -> Result<String, SourceError> {
    let (program, rest) =
        words.split_first().ok_or_else(|| denied("secret command is empty".to_owned()))?;
    let run = tokio::process::Command::new(program)
        .args(rest)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let done = tokio::time::timeout(COMMAND_TIME, run)
        .await
        .map_err(|_| denied(format!("secret command {program} took too long")))?
        .map_err(|e| denied(format!("secret command {program}: {}", e.kind())))?;
    if !done.status.success() {
        return Err(denied(format!("secret command {program} failed")));
    }
    String::from_utf8(done.stdout)
        .map_err(|_| denied(format!("secret command {program} gave no text")))
}

impl<'de> Deserialize<'de> for SecretSpec {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(SpecVisitor)
    }
}

struct SpecVisitor;

#[derive(Deserialize)]
#[serde(untagged)]
enum SecretGiven {
    Text(String),
    List(Vec<String>),
}

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = SecretSpec;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a secret's place: ")?;
        f.write_str(HOW)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretSpec, E> {
        Err(E::custom(format!("secrets do not stand in the config; {HOW}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSpec, A::Error> {
        let mut given = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, SecretGiven>()? {
            given.insert(key, value);
        }
        let one = (given.len() == 1).then(|| given.pop_first()).flatten();
        match one {
            Some((k, SecretGiven::Text(t))) if k == "env" => Ok(SecretSpec::Env(t)),
            Some((k, SecretGiven::Text(t))) if k == "file" => {
                home::path(&t).map(SecretSpec::File).map_err(de::Error::custom)
            }
            Some((k, SecretGiven::Text(t))) if k == "credential" && plain_name(&t) => {
                Ok(SecretSpec::Credential(t))
            }
            Some((k, SecretGiven::List(mut l))) if k == "command" && !l.is_empty() => {
                if let Some(program) = l.first_mut() {
                    *program = home::text(program).map_err(de::Error::custom)?;
                }
                Ok(SecretSpec::Command(l))
            }
            _ => Err(de::Error::custom(HOW)),
        }
    }
}

fn plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && name != ".."
}

#[cfg(test)]
mod tests;
