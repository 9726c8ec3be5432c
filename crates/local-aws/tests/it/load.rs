//! Two hundred clients at once, each with questions of its own: nobody gets another's answer, and nobody a wrong one.
//!
//! `DEPLOYER_TEST_LOAD_S` says for how many seconds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::door::{Door, ask_for_token};

const CLIENTS: usize = 200;

/// Answers with the event that it was given.
const ECHO_EVENT: &str = include_str!("../../src/testing/bootstrap.py");

/// What a client can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Classify,
    ClassifyWithoutToken,
    Token,
    TokenWithWrongSecret,
    WriteAndReadBack,
}

fn question(number: usize) -> Question {
    match number % 10 {
        0..=4 => Question::Classify,
        5 => Question::ClassifyWithoutToken,
        6 => Question::Token,
        7 => Question::TokenWithWrongSecret,
        _ => Question::WriteAndReadBack,
    }
}

struct Asker {
    door: Arc<Door>,
    http: reqwest::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    name: String,
}

impl Asker {
    /// What is wrong with the answer, if something is.
    async fn ask(&self, question: Question, number: usize) -> Result<(), String> {
        let endpoint = self.door.cloud.server.endpoint();
        let (id, secret) = &self.door.client;
        let wrong = |what: String| Err(format!("{} #{number} {question:?}: {what}", self.name));
        match question {
            Question::Classify | Question::ClassifyWithoutToken => {
                let own = format!("{} asks {number}", self.name);
                let request = self.http.post(format!("{endpoint}/_aws/execute-api/{}/dev/", self.door.api));
                let with_token = question == Question::Classify;
                let request = if with_token { request.header("authorization", &self.door.token) } else { request };
                let answer = request.body(own.clone()).send().await.map_err(|error| format!("{error:?}"))?;
                let status = answer.status().as_u16();
                let body = answer.text().await.map_err(|error| error.to_string())?;
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
            Question::Token => match ask_for_token(&self.http, &endpoint, id, secret).await {
                (200, Some(token)) if token.split('.').count() == 3 => Ok(()),
                other => wrong(format!("{}", other.0)),
            },
            Question::TokenWithWrongSecret => match ask_for_token(&self.http, &endpoint, id, "wrong").await {
                (400, None) => Ok(()),
                other => wrong(format!("{}", other.0)),
            },
            Question::WriteAndReadBack => {
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
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn two_hundred_clients_get_right_answers_only() {
    let seconds = std::env::var("DEPLOYER_TEST_LOAD_S").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let door = Arc::new(Door::before(ECHO_EVENT).await);
    let config = door.cloud.config();
    let ready = Arc::new(tokio::sync::Barrier::new(CLIENTS));
    let (asked, wrong) = (Arc::new(Mutex::new(BTreeMap::new())), Arc::new(Mutex::new(Vec::new())));
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let asker = Asker {
                door: Arc::clone(&door),
                http: http.clone(),
                logs: aws_sdk_cloudwatchlogs::Client::new(&config),
                name: format!("client-{client:03}"),
            };
            let (asked, wrong, ready) = (Arc::clone(&asked), Arc::clone(&wrong), Arc::clone(&ready));
            tokio::spawn(async move {
                let group = format!("/load/{}", asker.name);
                asker.logs.create_log_group().log_group_name(group).send().await.unwrap();
                ready.wait().await;
                let deadline = Instant::now() + Duration::from_secs(seconds);
                // Each begins with another question.
                for number in client.. {
                    if Instant::now() >= deadline {
                        break;
                    }
                    let question = question(number);
                    if let Err(answer) = asker.ask(question, number).await {
                        wrong.lock().unwrap().push(answer);
                    }
                    *asked.lock().unwrap().entry(question).or_insert(0_usize) += 1;
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
    assert_eq!(asked.len(), 5, "every question was asked");
}
