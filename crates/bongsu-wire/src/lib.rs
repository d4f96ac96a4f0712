//! bongsu-wire
