//! The data directory: what lies where in it, and the two secrets made on first start.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bongsu_service::auth::{NewServerKey, TokenSigner};
use bongsu_types::{Clock, SystemClock};

/// A data directory.
///
/// | name | what |
/// | --- | --- |
/// | `store/` | the embedded store |
/// | `token.secret` | HS256 secret of user tokens, mode 0600 |
/// | `server.key` | one development server key, mode 0600; the store holds only its hash |
/// | `admin.sock` | where the running server takes orders, mode 0600 |
#[derive(Debug, Clone)]
pub(crate) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// Opens the directory, or makes it (mode 0700).
    ///
    /// # Errors
    /// When it cannot be made or is not a directory.
    pub(crate) fn create(root: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .with_context(|| format!("cannot make the data directory {}", root.display()))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Opens a directory that a server has used.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn existing(root: &Path) -> Result<Self> {
        let dir = Self { root: root.to_owned() };
        if !dir.store().is_dir() && !dir.secret_file().is_file() {
            bail!(
                "{} is not a data directory of bongsu (start one with `bongsu serve --data DIR`)",
                root.display()
            );
        }
        Ok(dir)
    }

    /// The directory.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The embedded store.
    #[must_use]
    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Where the running server takes orders.
    #[must_use]
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.root.join("admin.sock")
    }

    fn secret_file(&self) -> PathBuf {
        self.root.join("token.secret")
    }

    fn server_key_file(&self) -> PathBuf {
        self.root.join("server.key")
    }

    /// The secret of user tokens; made when there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub(crate) fn make_secret(&self) -> Result<String> {
        read_or_make(&self.secret_file(), TokenSigner::new_secret)
    }

    /// The development server key; made when there is none, and then the one before it is revoked.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub(crate) fn make_server_key(&self) -> Result<String> {
        read_or_make(&self.server_key_file(), || NewServerKey::development(SystemClock.now_ms()).text)
    }

    /// The secret of user tokens.
    ///
    /// # Errors
    /// When no server has made one yet.
    pub(crate) fn secret(&self) -> Result<String> {
        read_secret(&self.secret_file())
    }

    /// The development server key.
    ///
    /// # Errors
    /// When no server has made one yet.
    pub(crate) fn server_key(&self) -> Result<String> {
        read_secret(&self.server_key_file())
    }
}

/// Reads a secret of one line.
///
/// # Errors
/// When the file is not there or empty.
pub(crate) fn read_secret(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| {
        format!("cannot read {} (`bongsu serve` makes it on first start)", path.display())
    })?;
    let secret = text.trim();
    if secret.is_empty() {
        bail!("{} is empty: remove it and start the server to get a new one", path.display());
    }
    Ok(secret.to_owned())
}

/// Two starts at once must not end with two secrets: the file is linked into place only if there is none.
fn read_or_make(path: &Path, generate: fn() -> String) -> Result<String> {
    if path.exists() {
        return read_secret(path);
    }
    let new = path.with_extension(format!("new.{}", std::process::id()));
    let made = write_private(&new, &generate()).and_then(|()| fs::hard_link(&new, path));
    fs::remove_file(&new)
        .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    match made {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
    }
    if let Some(parent) = path.parent() {
        fs::File::open(parent)?.sync_all()?;
    }
    read_secret(path)
}

fn write_private(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_made_once_and_readable_by_their_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::create(&root.path().join("data")).unwrap();
        assert!(dir.secret().is_err());
        let secret = dir.make_secret().unwrap();
        assert!(secret.len() >= 32);
        assert_eq!(dir.make_secret().unwrap(), secret);
        assert_eq!(dir.secret().unwrap(), secret);
        let mode = fs::metadata(dir.secret_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(dir.make_server_key().unwrap(), secret);
    }
}
