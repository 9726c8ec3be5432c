//! The data plane through the listener, over a socket.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use serde_json::Value;

use crate::{
    Options,
    testing::{ACCOUNT, HOST, SECRET, World},
};

/// Sends one request, and returns the whole response as text.
async fn exchange(server: &crate::Server, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("{head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn tokens_and_predictions_work_over_a_socket_and_foreign_hosts_do_not() {
    let world = World::new();
    let options = Options { account_id: ACCOUNT.to_owned(), ..Options::new(world.dir.path()) };
    let server = crate::start(options).await.unwrap();
    let form = "Content-Type: application/x-www-form-urlencoded";
    let body = format!("grant_type=client_credentials&client_id=client&client_secret={SECRET}");

    let ask = |host: &str| format!("POST /oauth2/token HTTP/1.1\r\nHost: {host}\r\n{form}");
    let response = exchange(&server, &ask("digits.auth.eu-west-1.amazoncognito.com"), &body).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    let document: Value = serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap();
    let token = document["access_token"].as_str().unwrap();

    let own = server.address().to_string();
    let predict = |host: &str, path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\nAuthorization: Bearer {token}")
    };
    for (host, path) in [(own.as_str(), "/_aws/execute-api/abc123/dev/predict"), (HOST, "/dev/predict")] {
        let response = exchange(&server, &predict(host, path), "image").await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.contains("\"isBase64Encoded\": true"), "{response}");
    }
    for head in [ask("attacker.example"), predict("attacker.example", "/_aws/execute-api/abc123/dev/predict")] {
        let response = exchange(&server, &head, &body).await;
        assert!(response.starts_with("HTTP/1.1 421 "), "{response}");
    }
    server.stop().await;
    assert!(!world.dir.path().join("environments").exists());
}
