//! The examples do what they say, at a small size: queries and loads are counted exactly, and nothing is timed.

#[path = "../examples/quick_start.rs"]
mod quick_start;

#[expect(dead_code, reason = "its `main` prints at the size people run")]
#[path = "../examples/rolling_deployment.rs"]
mod rolling_deployment;

#[cfg(feature = "valkey")]
#[expect(dead_code, reason = "its `main` takes the server from the environment")]
#[path = "../examples/valkey.rs"]
mod valkey;

#[cfg(feature = "valkey")]
#[expect(dead_code, reason = "its `main` prints at the size people run")]
#[path = "../examples/chat_list/main.rs"]
mod chat_list;

#[test]
fn the_quick_start_needs_no_server() {
    quick_start::main().unwrap();
}

#[tokio::test]
async fn a_rolling_deployment_costs_the_stated_loads_and_no_decode_error() {
    let deployment = rolling_deployment::run(40, 10).await.unwrap();
    assert!(deployment.is_clean(), "{deployment:?}");
    assert_eq!(deployment.steps.len(), 5);
}

#[cfg(feature = "valkey")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_valkey_and_a_redis() {
    for engine in bongsu_testbed::Engine::installed() {
        let server = bongsu_testbed::Server::start(engine).await;
        valkey::run(&server.address()).await.unwrap();
    }
}

#[cfg(feature = "valkey")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_the_chat_list_equals_a_recount_and_costs_the_stated_queries() {
    if !bongsu_testbed::Postgres::is_installed() {
        return;
    }
    let plan = chat_list::Plan { users: 20, rooms: 100, messages: 2_000, pages: 60, rounds: 2 };
    for engine in bongsu_testbed::Engine::installed() {
        let server = bongsu_testbed::Server::start(engine).await;
        let database = bongsu_testbed::Postgres::shared().await.create_database().await;
        let measured = chat_list::run(plan, &database, &server.address()).await.unwrap();
        measured.check().unwrap();
    }
}
