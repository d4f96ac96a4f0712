//! One entry against the source.

use super::report::Class;
use crate::cache::Sight;
use crate::envelope::Version;

/// How an entry differs from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// Of an older version.
    Behind,
    /// Of a newer version than the source has.
    Ahead,
    /// A value of what does not exist.
    NoSuchThing,
    /// "There is no such thing", of what exists.
    DeniesIt,
}

/// Whether what a tier holds is what the source says.
pub(super) fn compare(sight: Sight, source: Option<Version>) -> Result<Class, Difference> {
    match (sight.exists, sight.version, source) {
        (false, _, None) => Ok(Class::Match),
        (false, _, Some(_)) => Err(Difference::DeniesIt),
        (true, _, None) => Err(Difference::NoSuchThing),
        (true, None, Some(_)) => Ok(Class::Unversioned),
        (true, Some(held), Some(source)) if held == source => Ok(Class::Match),
        (true, Some(held), Some(source)) if held < source => Err(Difference::Behind),
        (true, Some(_), Some(_)) => Err(Difference::Ahead),
    }
}
