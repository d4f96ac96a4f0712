//! bongsu-edge
