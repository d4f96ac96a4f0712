//! A PostgreSQL: up, crashed, and up again with what was committed.

use std::net::TcpStream;

use bongsu_testbed::Postgres;

#[tokio::test]
async fn a_server_takes_statements_and_settings() {
    if !Postgres::is_installed() {
        return;
    }
    let postgres = Postgres::start_with(&[("fsync", "on"), ("wal_level", "logical")]).await;
    assert_eq!(postgres.sql("show fsync").await, "on\n");
    assert_eq!(postgres.sql("show wal_level").await, "logical\n");
    let socket =
        format!("host={} port={} user=postgres", postgres.socket_directory().display(), postgres.port());
    assert_eq!(postgres.sql_at(&socket, "select 1, 'hi'").await, "1|hi\n");
}

#[tokio::test]
async fn a_crashed_server_comes_back_with_what_was_committed() {
    if !Postgres::is_installed() {
        return;
    }
    let postgres = Postgres::start().await;
    let (url, directory) = (postgres.url(), postgres.socket_directory().to_owned());
    postgres.sql("create table greeting (text text); insert into greeting values ('hi')").await;
    postgres.kill();
    assert!(TcpStream::connect(("127.0.0.1", postgres.port())).is_err());
    postgres.restart().await;
    assert_eq!(postgres.url(), url);
    assert_eq!(postgres.sql("select text from greeting").await, "hi\n");
    drop(postgres);
    assert!(!directory.exists());
}

#[tokio::test]
async fn tests_share_a_server_and_have_their_own_databases() {
    if !Postgres::is_installed() {
        return;
    }
    let (one, other) = (Postgres::shared().await, Postgres::shared().await);
    assert_eq!(one.port(), other.port());
    let (here, there) = (one.create_database().await, other.create_database().await);
    assert_ne!(here, there);
    one.sql_at(&here, "create table greeting (text text)").await;
    assert_eq!(
        one.sql_at(&there, "select count(*) from pg_tables where tablename = 'greeting'").await,
        "0\n"
    );
}

/// Its thread starts the shared server if it is first, and ends before the process does.
#[test]
fn a_shared_server_outlives_the_test_that_started_it() {
    if !Postgres::is_installed() {
        return;
    }
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { Postgres::shared().await.sql("select 1").await })
    };
    assert_eq!(std::thread::spawn(ask).join().unwrap(), "1\n");
    assert_eq!(std::thread::spawn(ask).join().unwrap(), "1\n");
}
