//! Two hundred clients at once, with requests of several kinds: every response is correct, and goes to the right
//! client.
//!
//! `DEPLOYER_TEST_LOAD_S` sets the duration in seconds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::raw_http::{Stack, ask_for_token};

const CLIENTS: usize = 200;

/// A function that responds with its event.
const ECHO_EVENT: &str = include_str!("../../src/testing/bootstrap.py");

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RequestKind {
    Classify,
    ClassifyWithoutToken,
    Token,
    TokenWithWrongSecret,
    WriteAndReadBack,
}

fn kind(number: usize) -> RequestKind {
    match number % 10 {
        0..=4 => RequestKind::Classify,
        5 => RequestKind::ClassifyWithoutToken,
        6 => RequestKind::Token,
        7 => RequestKind::TokenWithWrongSecret,
        _ => RequestKind::WriteAndReadBack,
    }
}

struct LoadClient {
    stack: Arc<Stack>,
    http: reqwest::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    name: String,
}

impl LoadClient {
    /// Sends a request, and checks the response; the error says what is wrong with it.
    async fn ask(&self, kind: RequestKind, number: usize) -> Result<(), String> {
        let endpoint = self.stack.cloud.server.endpoint();
        let (id, secret) = &self.stack.client;
        let wrong = |what: String| Err(format!("{} #{number} {kind:?}: {what}", self.name));
        match kind {
            RequestKind::Classify | RequestKind::ClassifyWithoutToken => {
                let own = format!("{} asks {number}", self.name);
                let request = self.http.post(format!("{endpoint}/_aws/execute-api/{}/dev/", self.stack.api));
                let with_token = kind == RequestKind::Classify;
                let request = if with_token { request.header("authorization", &self.stack.token) } else { request };
                let response = request.body(own.clone()).send().await.map_err(|error| format!("{error:?}"))?;
                let status = response.status().as_u16();
                let body = response.text().await.map_err(|error| error.to_string())?;
                match (with_token, status) {
                    (true, 200)
                        if serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|event| event["body"] == own) =>
                    {
                        Ok(())
                    }
                    (false, 401) if body == r#"{"message":"Unauthorized"}"# => Ok(()),
                    _ => wrong(format!("{status} {body}")),
                }
            }
            RequestKind::Token => match ask_for_token(&self.http, &endpoint, id, secret).await {
                (200, Some(token)) if token.split('.').count() == 3 => Ok(()),
                other => wrong(format!("{}", other.0)),
            },
            RequestKind::TokenWithWrongSecret => match ask_for_token(&self.http, &endpoint, id, "wrong").await {
                (400, None) => Ok(()),
                other => wrong(format!("{}", other.0)),
            },
            RequestKind::WriteAndReadBack => {
                let group = format!("/load/{}", self.name);
                let days = [1, 3, 5, 7, 14, 30][number % 6];
                let put = self.logs.put_retention_policy().log_group_name(&group).retention_in_days(days);
                put.send().await.map_err(|error| format!("{error:?}"))?;
                let found = self.logs.describe_log_groups().log_group_name_prefix(&group).send().await;
                let found = found.map_err(|error| format!("{error:?}"))?;
                let own = found.log_groups().iter().find(|found| found.log_group_name() == Some(&group));
                match own.and_then(|own| own.retention_in_days) {
                    Some(read) if read == days => Ok(()),
                    other => wrong(format!("{other:?} where {days} was written")),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figures are for human readers")]
async fn two_hundred_clients_get_only_correct_responses() {
    let seconds = std::env::var("DEPLOYER_TEST_LOAD_S").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let stack = Arc::new(Stack::with_function(ECHO_EVENT).await);
    let config = stack.cloud.config();
    let ready = Arc::new(tokio::sync::Barrier::new(CLIENTS));
    let (asked, wrong) = (Arc::new(Mutex::new(BTreeMap::new())), Arc::new(Mutex::new(Vec::new())));
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|index| {
            let client = LoadClient {
                stack: Arc::clone(&stack),
                http: http.clone(),
                logs: aws_sdk_cloudwatchlogs::Client::new(&config),
                name: format!("client-{index:03}"),
            };
            let (asked, wrong, ready) = (Arc::clone(&asked), Arc::clone(&wrong), Arc::clone(&ready));
            tokio::spawn(async move {
                let group = format!("/load/{}", client.name);
                client.logs.create_log_group().log_group_name(group).send().await.unwrap();
                ready.wait().await;
                let deadline = Instant::now() + Duration::from_secs(seconds);
                // Clients start with different kinds.
                for number in index.. {
                    if Instant::now() >= deadline {
                        break;
                    }
                    let kind = kind(number);
                    if let Err(response) = client.ask(kind, number).await {
                        wrong.lock().unwrap().push(response);
                    }
                    *asked.lock().unwrap().entry(kind).or_insert(0_usize) += 1;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let (asked, wrong) = (asked.lock().unwrap(), wrong.lock().unwrap());
    println!("{CLIENTS} clients, {seconds} s: {asked:?}, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} wrong answers: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert_eq!(asked.len(), 5, "every kind was sent");
}
