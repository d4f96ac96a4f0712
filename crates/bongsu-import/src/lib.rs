//! bongsu-import
