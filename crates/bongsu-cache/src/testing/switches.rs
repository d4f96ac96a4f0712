//! What a test can take away from a hub, to show that its checker would notice.

use crate::hub::CacheHub;

impl CacheHub {
    /// From now on an invalidation during a load does not win in the process tier.
    #[doc(hidden)]
    pub fn leave_gate_open(&self) {
        self.core.l1.leave_gate_open();
    }
}
