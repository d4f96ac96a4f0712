//! The conformance suites on all four kinds of servers.

macro_rules! suites {
    ($($name:ident: $servers:expr;)*) => {$(
        mod $name {
            mod l2 {
                #[allow(unused_imports, reason = "each expression needs its own")]
                use crate::servers::{Single, Turn};
                use bongsu_testbed::Engine;

                bongsu_cache::l2_conformance!(() Box::new($servers));
            }

            mod backplane {
                #[allow(unused_imports, reason = "each expression needs its own")]
                use crate::servers::{Single, Turn};
                use bongsu_testbed::Engine;

                bongsu_cache::backplane_conformance!(() Box::new($servers));
            }
        }
    )*};
}

suites! {
    single_valkey: Single::start(Engine::Valkey).await;
    single_redis: Single::start(Engine::Redis).await;
    cluster_valkey: Turn::take(Engine::Valkey).await;
    cluster_redis: Turn::take(Engine::Redis).await;
}
