//! bongsu-types
