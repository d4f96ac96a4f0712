//! bongsu-load
