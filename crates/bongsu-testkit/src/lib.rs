//! bongsu-testkit
