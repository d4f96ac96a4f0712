//! bongsu-server
