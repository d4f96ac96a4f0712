//! Takes orders for the running server.

use std::fs;
use std::future::Future;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Answer, LINE_BYTES_MAX, Order};
use crate::data_dir::DataDir;

/// How long a client may take to say what it wants.
const ORDER_WITHIN: Duration = Duration::from_secs(5);

/// Orders carried out at once.
const ORDERS_MAX: usize = 4;

/// Carries out one order; the text tells a person what came of it.
type CarryOut = dyn Fn(Order) -> Pin<Box<dyn Future<Output = Result<String>> + Send>> + Send + Sync;

/// The listening socket. Only the owner of the data directory may connect.
pub(crate) struct AdminSocket {
    listener: UnixListener,
    carry_out: Arc<CarryOut>,
}

impl AdminSocket {
    /// Listens in `data`. The caller holds the store's lock, so a socket found there was left by a killed server.
    ///
    /// # Errors
    /// When the socket cannot be made (its path may be too long: 107 bytes at most).
    pub(crate) fn bind<F>(
        data: &DataDir,
        carry_out: impl Fn(Order) -> F + Send + Sync + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        let path = data.admin_socket();
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot replace {}", path.display())),
        }
        let listener =
            UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, carry_out: Arc::new(move |order| Box::pin(carry_out(order))) })
    }

    /// Takes orders until `stop`; orders under way are dropped then.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let mut orders = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept(), if orders.len() < ORDERS_MAX => match accepted {
                    Ok((stream, _)) => {
                        let carry_out = Arc::clone(&self.carry_out);
                        orders.spawn(async move {
                            if let Err(error) = answer(stream, &*carry_out).await {
                                warn!(%error, "admin client went away");
                            }
                        });
                    }
                    Err(error) => {
                        warn!(%error, "admin socket cannot accept");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = orders.join_next() => {}
            }
        }
    }
}

async fn answer(stream: UnixStream, carry_out: &CarryOut) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    timeout(ORDER_WITHIN, BufReader::new(reader.take(LINE_BYTES_MAX)).read_line(&mut line)).await??;
    let answer = match serde_json::from_str::<Order>(&line) {
        Ok(order) => {
            info!(?order, "admin order");
            match carry_out(order).await {
                Ok(text) => Answer::Done { text },
                Err(error) => Answer::Failed { reason: format!("{error:#}") },
            }
        }
        Err(error) => Answer::Failed { reason: format!("not an order: {error}") },
    };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    writer.write_all(line.as_bytes()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::ask;

    #[tokio::test]
    async fn an_order_is_carried_out_and_its_failure_told() {
        let root = tempfile::tempdir().unwrap();
        let data = DataDir::create(root.path()).unwrap();
        let order = Order::Backup { to: "/x".into() };
        assert_eq!(ask(&data, &order).await.unwrap(), None, "no server, no answer");

        let socket = AdminSocket::bind(&data, |order| async move {
            let Order::Backup { to } = order else { anyhow::bail!("another order") };
            anyhow::ensure!(to.ends_with("x"), "not here");
            Ok("written".to_owned())
        })
        .unwrap();
        let mode = fs::metadata(data.admin_socket()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let stop = CancellationToken::new();
        let served = tokio::spawn(socket.serve(stop.clone()));
        assert_eq!(ask(&data, &order).await.unwrap().as_deref(), Some("written"));
        let refused = ask(&data, &Order::Backup { to: "/y".into() }).await.unwrap_err();
        assert!(refused.to_string().contains("not here"), "{refused}");
        stop.cancel();
        served.await.unwrap();
        assert_eq!(ask(&data, &order).await.unwrap(), None, "a socket left behind is no server");
    }
}
