//! bongsu-store
