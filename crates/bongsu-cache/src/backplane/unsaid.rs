//! What a channel did not take, bounded: when there is too much of it, whole models are dropped instead.

use std::collections::BTreeSet;

use super::frame::Body;

/// Frames that wait; each names up to 256 entries.
const BODIES_MAX: usize = 32;

/// All of one channel.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    bodies: Vec<Body>,
    /// Of what did not fit.
    models: BTreeSet<String>,
}

impl Unsaid {
    pub(super) fn add(&mut self, body: Body) {
        match body {
            Body::DropAll(model) => {
                self.models.insert(model);
            }
            Body::Drop(_) | Body::Written(_) if self.bodies.len() < BODIES_MAX => self.bodies.push(body),
            Body::Drop(entries) | Body::Written(entries) => {
                self.models.extend(entries.into_iter().map(|entry| entry.model));
            }
            Body::Heartbeat | Body::Bye => {}
        }
    }

    /// All of it, in frames.
    pub(super) fn bodies(&self) -> impl Iterator<Item = Body> + use<> {
        let models = self.models.iter().cloned().map(Body::DropAll);
        models.chain(self.bodies.iter().cloned()).collect::<Vec<_>>().into_iter()
    }

    /// Entries and models.
    pub(super) fn len(&self) -> usize {
        let entries = |body: &Body| match body {
            Body::Drop(entries) | Body::Written(entries) => entries.len(),
            Body::DropAll(_) | Body::Heartbeat | Body::Bye => 0,
        };
        self.models.len() + self.bodies.iter().map(entries).sum::<usize>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty() && self.models.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bodies.clear();
        self.models.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Named;
    use super::*;

    fn entry(id: usize) -> Named {
        Named { model: "room".to_owned(), id: id.to_string() }
    }

    #[test]
    fn what_does_not_fit_becomes_the_end_of_its_model() {
        let mut unsaid = Unsaid::default();
        for id in 0..BODIES_MAX {
            unsaid.add(Body::Drop(vec![entry(id)]));
        }
        assert_eq!(unsaid.len(), BODIES_MAX);
        for id in 0..1000 {
            unsaid.add(Body::Written(vec![entry(id)]));
        }
        assert_eq!(unsaid.len(), BODIES_MAX + 1);
        assert_eq!(unsaid.bodies().next(), Some(Body::DropAll("room".to_owned())));
        unsaid.clear();
        assert!(unsaid.is_empty());
    }
}
