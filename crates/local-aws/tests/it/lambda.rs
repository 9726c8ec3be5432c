//! Lambda functions.

use std::time::Duration;

use aws_sdk_lambda::{
    Client,
    primitives::Blob,
    types::{Architecture, Environment, FunctionCode, InvocationType, LastUpdateStatus, LogType, Runtime, State},
};
use local_aws::Faults;

use crate::cloud::{Cloud, code, zip};

/// A `bootstrap` in pure bash that responds to every event with the event itself.
pub(crate) const ECHO: &str = r#"#!/bin/bash
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API##*:} base=/2018-06-01/runtime/invocation
while :; do
  exec 3<>"/dev/tcp/$host/$port"
  printf 'GET %s/next HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$base" "$host:$port" >&3
  id= body=
  while IFS= read -r line <&3 && [ "$line" != $'\r' ]; do
    line=${line%$'\r'}
    case ${line,,} in lambda-runtime-aws-request-id:*) id=${line#*: } ;; esac
  done
  IFS= read -r -d '' body <&3
  exec 3<&- 3>&-
  echo "echoing $WORD"
  exec 3<>"/dev/tcp/$host/$port"
  printf 'POST %s/%s/response HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
    "$base" "$id" "$host:$port" "${#body}" "$body" >&3
  cat <&3 >/dev/null
  exec 3<&- 3>&-
done
"#;

pub(crate) async fn create(lambda: &Client, role: &str, zip: Vec<u8>) -> Result<(), String> {
    let made = lambda
        .create_function()
        .function_name("f")
        .role(role)
        .runtime(Runtime::from("provided.al2023"))
        .handler("bootstrap")
        .timeout(10)
        .memory_size(256)
        .architectures(if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X8664 })
        .environment(Environment::builder().variables("WORD", "loud").build())
        .code(FunctionCode::builder().zip_file(Blob::new(zip)).build())
        .tags("a", "1")
        .send()
        .await;
    match made {
        Ok(_) => Ok(()),
        error => Err(code(error)),
    }
}

#[tokio::test]
async fn a_function_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    create(&lambda, &role, zip("bootstrap", ECHO)).await.unwrap();
    assert_eq!(create(&lambda, &role, zip("bootstrap", ECHO)).await, Err("ResourceConflictException".to_owned()));

    let read = lambda.get_function().function_name("f").send().await.unwrap();
    assert_eq!(read.tags.unwrap()["a"], "1");
    let first = read.configuration.unwrap();
    assert_eq!(first.state, Some(State::Active));
    assert_eq!(first.last_update_status, Some(LastUpdateStatus::Successful));
    assert_eq!((first.timeout, first.memory_size), (Some(10), Some(256)));
    assert_eq!(first.environment.as_ref().unwrap().variables.as_ref().unwrap()["WORD"], "loud");
    let arn = first.function_arn().unwrap();
    assert_eq!(arn, "arn:aws:lambda:us-east-1:000000000000:function:f");

    let dry = lambda.update_function_code().function_name("f").zip_file(Blob::new(zip("bootstrap", "other")));
    dry.clone().dry_run(true).send().await.unwrap();
    let second = lambda.get_function_configuration().function_name(arn).send().await.unwrap();
    assert_eq!(second.code_sha256, first.code_sha256);
    assert_eq!(code(dry.clone().revision_id("old").send().await), "PreconditionFailedException");
    let third = dry.publish(true).send().await.unwrap();
    assert_ne!(third.code_sha256, first.code_sha256);
    assert_eq!(third.version.as_deref(), Some("1"));

    lambda.update_function_configuration().function_name("f").timeout(20).send().await.unwrap();
    let now = lambda.get_function_configuration().function_name("f").send().await.unwrap();
    assert_eq!((now.timeout, now.memory_size), (Some(20), Some(256)));
    assert!(now.environment.is_some());

    let second = lambda.publish_version().function_name("f").description("two").send().await.unwrap();
    let again = lambda.publish_version().function_name("f").send().await.unwrap();
    assert_eq!((second.version.as_deref(), again.version.as_deref()), (Some("2"), Some("2")));
    let versions = lambda.list_versions_by_function().function_name("f").send().await.unwrap().versions.unwrap();
    assert_eq!(versions.iter().filter_map(|v| v.version()).collect::<Vec<_>>(), ["$LATEST", "1", "2"]);
    let old = lambda.get_function_configuration().function_name("f").qualifier("1").send().await.unwrap();
    assert_eq!(old.timeout, Some(10));
    lambda.delete_function().function_name("f").qualifier("1").send().await.unwrap();
    let gone = lambda.get_function_configuration().function_name("f:1").send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");

    lambda.tag_resource().resource(arn).tags("b", "2").send().await.unwrap();
    lambda.untag_resource().resource(arn).tag_keys("a").send().await.unwrap();
    let tags = lambda.list_tags().resource(arn).send().await.unwrap().tags.unwrap();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);

    assert_eq!(lambda.list_functions().send().await.unwrap().functions().len(), 1);
    lambda.delete_function().function_name("f").send().await.unwrap();
    assert_eq!(code(lambda.delete_function().function_name("f").send().await), "ResourceNotFoundException");
}

#[tokio::test]
async fn invalid_functions_are_refused() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let good = zip("bootstrap", ECHO);
    let absent = "arn:aws:iam::000000000000:role/absent";
    let invalid = Err("InvalidParameterValueException".to_owned());
    assert_eq!(create(&lambda, absent, good.clone()).await, invalid);
    let role = cloud.role("r").await;
    assert_eq!(create(&lambda, &role, b"no zip".to_vec()).await, invalid);
    cloud
        .iam()
        .update_assume_role_policy()
        .role_name("r")
        .policy_document(crate::cloud::TRUST.replace("lambda", "ec2"))
        .send()
        .await
        .unwrap();
    assert_eq!(create(&lambda, &role, good).await, invalid);

    let of = |role: &str, runtime: &str, memory| {
        let source = FunctionCode::builder().zip_file(Blob::new(zip("bootstrap", ECHO))).build();
        let request = lambda.create_function().function_name("g").role(role).runtime(runtime.into());
        request.handler("bootstrap").memory_size(memory).code(source).send()
    };
    let trusted = cloud.role("trusted").await;
    assert_eq!(code(of(&trusted, "provided.al2023", 64).await), "ValidationException");
    assert_eq!(code(of(&trusted, "python3.12", 128).await), "NotImplemented");
    of(&trusted, "provided.al2023", 128).await.unwrap();
    let update = || lambda.update_function_configuration().function_name("g");
    assert_eq!(code(update().timeout(901).send().await), "ValidationException");
    let variables = |name: &str, value: &str| Environment::builder().variables(name, value).build();
    let reserved = update().environment(variables("AWS_REGION", "x")).send().await;
    assert_eq!(code(reserved), "InvalidParameterValueException");
    let large = update().environment(variables("BIG", &"x".repeat(4096))).send().await;
    assert_eq!(code(large), "InvalidParameterValueException");
}

#[tokio::test]
async fn pending_and_in_progress_functions_refuse_changes() {
    let faults = Faults { function_pending_ms: 1500, function_update_ms: 1500, ..Faults::default() };
    let cloud = Cloud::start_with(|options| options.faults = faults).await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    create(&lambda, &role, zip("bootstrap", ECHO)).await.unwrap();
    let read = || async { lambda.get_function_configuration().function_name("f").send().await.unwrap() };
    assert_eq!(read().await.state, Some(State::Pending));
    let change = |seconds| lambda.update_function_configuration().function_name("f").timeout(seconds).send();
    assert_eq!(code(change(30).await), "ResourceConflictException");
    assert_eq!(code(lambda.invoke().function_name("f").send().await), "ResourceConflictException");
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert_eq!(read().await.state, Some(State::Active));
    change(30).await.unwrap();
    assert_eq!(read().await.last_update_status, Some(LastUpdateStatus::InProgress));
    assert_eq!(code(change(31).await), "ResourceConflictException");
    tokio::time::sleep(Duration::from_millis(1600)).await;
    let now = read().await;
    assert_eq!((now.last_update_status, now.timeout), (Some(LastUpdateStatus::Successful), Some(30)));
}

#[tokio::test]
async fn permissions_are_statements_of_a_policy() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    create(&lambda, &role, zip("bootstrap", ECHO)).await.unwrap();
    let policy = || lambda.get_policy().function_name("f").send();
    assert_eq!(code(policy().await), "ResourceNotFoundException");
    let source = "arn:aws:execute-api:us-east-1:000000000000:api/*/POST/";
    let add = |id: &str| {
        let request = lambda.add_permission().function_name("f").statement_id(id).action("lambda:InvokeFunction");
        request.principal("apigateway.amazonaws.com").source_arn(source).send()
    };
    add("one").await.unwrap();
    assert_eq!(code(add("one").await), "ResourceConflictException");
    assert_eq!(code(add("o n e").await), "ValidationException");
    let text = policy().await.unwrap().policy.unwrap();
    for part in [r#""Sid":"one""#, r#""Service":"apigateway.amazonaws.com""#, source, r#""ArnLike""#] {
        assert!(text.contains(part), "{text}");
    }
    let remove = |id: &str| lambda.remove_permission().function_name("f").statement_id(id).send();
    assert_eq!(code(remove("two").await), "ResourceNotFoundException");
    remove("one").await.unwrap();
    assert_eq!(code(policy().await), "ResourceNotFoundException");
}

#[tokio::test]
async fn concurrency_can_be_reserved_within_the_accounts_limit() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    create(&lambda, &role, zip("bootstrap", ECHO)).await.unwrap();
    let put = |most| lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(most).send();
    assert_eq!(code(put(901).await), "InvalidParameterValueException");
    put(5).await.unwrap();
    let read = || async { lambda.get_function_concurrency().function_name("f").send().await.unwrap() };
    assert_eq!(read().await.reserved_concurrent_executions, Some(5));
    lambda.delete_function_concurrency().function_name("f").send().await.unwrap();
    assert_eq!(read().await.reserved_concurrent_executions, None);
}

#[tokio::test]
async fn an_invocation_runs_the_zip_and_logs() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    create(&lambda, &role, zip("bootstrap", ECHO)).await.unwrap();
    cloud.logs().create_log_group().log_group_name("/aws/lambda/f").send().await.unwrap();
    let invoke = || lambda.invoke().function_name("f").payload(Blob::new(r#"{"n":1}"#));
    let done = invoke().log_type(LogType::Tail).send().await.unwrap();
    assert_eq!(done.function_error, None);
    assert_eq!(done.payload.unwrap().as_ref(), br#"{"n":1}"#);
    assert_eq!(done.executed_version.as_deref(), Some("$LATEST"));
    assert!(done.log_result.is_some());
    assert_eq!(invoke().invocation_type(InvocationType::DryRun).send().await.unwrap().status_code, 204);
    assert_eq!(code(invoke().payload(Blob::new("no json")).send().await), "InvalidRequestContentException");
    assert_eq!(code(lambda.invoke().function_name("absent").send().await), "ResourceNotFoundException");

    let logs = cloud.logs();
    let mut found = Vec::new();
    for _ in 0..50 {
        let request = logs.filter_log_events().log_group_name("/aws/lambda/f").filter_pattern("\"echoing loud\"");
        found = request.send().await.unwrap().events.unwrap_or_default();
        if !found.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(found.len(), 1, "{found:?}");
    let streams =
        logs.describe_log_streams().log_group_name("/aws/lambda/f").send().await.unwrap().log_streams.unwrap();
    assert_eq!(streams[0].log_stream_name, found[0].log_stream_name);
    let stream = streams[0].log_stream_name().unwrap();
    let events = logs.get_log_events().log_group_name("/aws/lambda/f").log_stream_name(stream).start_from_head(true);
    let events = events.send().await.unwrap();
    assert!(events.events().iter().any(|event| event.message().is_some_and(|m| m.starts_with("START RequestId"))));
    let more = logs.get_log_events().log_group_name("/aws/lambda/f").log_stream_name(stream);
    let more = more.next_token(events.next_forward_token().unwrap()).send().await.unwrap();
    assert_eq!(more.next_forward_token, events.next_forward_token);
    cloud.server.stop().await;
}
