//! The policy allows every command, and no part of it is superfluous: checked against the requests to the local cloud.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod life;

use std::collections::{BTreeMap, BTreeSet};

use local_aws::{Permission, Policy};
use serde_json::{Value, json};

use self::life::{Command, Lived, live, up};
use super::{Document, scope::Scope, table::TABLE};
use crate::{
    change::Events,
    engine::{self, destroy},
    error::kind_of,
    names::StackId,
    testing::Cloud,
};

fn id(name: &str) -> StackId {
    StackId::new(name, "dev", "us-east-1", local_aws::state::DEFAULT_ACCOUNT_ID)
}

/// The stack of the test configuration.
fn ours() -> StackId {
    id("mnist")
}

fn document(id: &StackId) -> Value {
    serde_json::to_value(Document::new(id, false)).unwrap()
}

fn policy(document: &Value) -> Policy {
    Policy::parse(&document.to_string()).unwrap()
}

fn everything() -> Policy {
    policy(&json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" },
    }))
}

/// The strings of a statement's member.
fn texts(statement: &Value, member: &str) -> Vec<String> {
    statement[member].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The document without one string of one statement.
fn without(document: &Value, index: usize, member: &str, text: &str) -> Policy {
    let mut smaller = document.clone();
    let statements = smaller["Statement"].as_array_mut().unwrap();
    let texts = statements[index][member].as_array_mut().unwrap();
    texts.retain(|kept| kept != text);
    if texts.is_empty() {
        statements.remove(index);
    }
    policy(&smaller)
}

/// The first command that a policy does not fully allow, and the first permission that it lacks.
fn first_denied<'a>(life: &'a [Lived], policy: &Policy) -> Option<(&'a Lived, &'a Permission)> {
    life.iter().find_map(|lived| Some((lived, lived.needs.iter().find(|need| !policy.allows(need))?)))
}

/// The first command that fails when it runs again without this action, and the operation that needs it. Not every
/// denial is a failure: some calls for an absent resource may be denied.
async fn first_failing(life: &[Lived], policy: &Policy, action: &str) -> (Command, String) {
    let denial = format!("not authorized to perform: {action} on resource");
    for lived in life {
        let Some(need) = lived.needs.iter().find(|need| !policy.allows(need)) else { continue };
        if let Err(error) = lived.again(policy.clone()).await {
            let error = format!("{error:#}");
            // Without the tags, the function exists but looks unowned.
            assert!(error.contains(&denial) || action == "lambda:ListTags", "{action}: {error}");
            return (lived.command, need.operation.clone());
        }
    }
    panic!("every command runs without {action}");
}

#[tokio::test]
async fn every_call_has_its_rows_and_every_row_its_call() {
    let life = live(&everything()).await.unwrap();
    let called: BTreeSet<&str> =
        life.iter().flat_map(|lived| &lived.needs).map(|need| need.operation.as_str()).collect();
    let known: BTreeSet<&str> = TABLE.iter().map(|row| row.operation).collect();
    let new: Vec<_> = called.difference(&known).collect();
    assert!(new.is_empty(), "the deployer calls {new:?}, which policy/table.rs does not know: add their rows");
    let old: Vec<_> = known.difference(&called).collect();
    assert!(old.is_empty(), "policy/table.rs has rows for {old:?}, which no command calls: remove them");
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the table is for people")]
async fn every_command_runs_under_the_policy_and_needs_all_of_it() {
    let document = document(&ours());
    // It is sufficient.
    let life = live(&policy(&document)).await.unwrap();
    let mut needed_by = BTreeMap::new();
    for (index, statement) in document["Statement"].as_array().unwrap().iter().enumerate() {
        let sid = statement["Sid"].as_str().unwrap();
        for action in texts(statement, "Action") {
            let smaller = without(&document, index, "Action", &action);
            assert!(first_denied(&life, &smaller).is_some(), "{sid} {action} is too much");
            let (command, operation) = first_failing(&life, &smaller, &action).await;
            needed_by.insert((action, sid), (command, operation));
        }
        let resources = texts(statement, "Resource");
        for resource in resources.iter().filter(|_| resources.len() > 1) {
            let smaller = without(&document, index, "Resource", resource);
            assert!(first_denied(&life, &smaller).is_some(), "{sid} {resource} is too much");
        }
    }
    // Printed with --nocapture.
    for ((action, sid), (command, operation)) in needed_by {
        println!("| {action} | {sid} | {command:?}: {operation} |");
    }
}

#[tokio::test]
async fn another_stacks_policy_is_of_no_use() {
    let life = live(&everything()).await.unwrap();
    let (ours, theirs) = (document(&ours()), document(&id("other")));
    // Each statement names this stack in some way, or is about what every stack must see.
    let mut common = Vec::new();
    for (index, statement) in ours["Statement"].as_array().unwrap().iter().enumerate() {
        let mut swapped = ours.clone();
        swapped["Statement"][index] = theirs["Statement"][index].clone();
        match swapped == ours {
            true => common.push(statement["Sid"].as_str().unwrap()),
            false => assert!(first_denied(&life, &policy(&swapped)).is_some(), "{statement}"),
        }
    }
    assert_eq!(common, ["Region", "AnyPool", "AdoptRead", "Apis"]);

    let theirs = policy(&theirs);
    let owned = life.iter().filter(|lived| lived.command != Command::Adopt);
    let allowed = owned.flat_map(|lived| &lived.needs).filter(|need| theirs.allows(need));
    let allowed: BTreeSet<&str> = allowed.map(|need| need.operation.as_str()).collect();
    let listings = [
        "apigateway:GetRestApis",
        "cognito-idp:DescribeUserPool",
        "cognito-idp:DescribeUserPoolDomain",
        "cognito-idp:ListUserPools",
        "logs:DescribeLogGroups",
    ];
    assert_eq!(allowed, BTreeSet::from(listings));
    // Whoever may adopt may read unowned resources, and may take them only with the tags of their own stack.
    let adopting = life.iter().filter(|lived| lived.command == Command::Adopt);
    let writes = adopting.flat_map(|lived| &lived.needs).filter(|need| theirs.allows(need));
    for need in writes {
        let verb = need.operation.split(':').nth(1).unwrap();
        assert!(["Get", "List", "Describe"].iter().any(|read| verb.starts_with(read)), "{need:?}");
    }
}

#[tokio::test]
async fn a_stack_is_safe_from_the_principal_of_another() {
    let cloud = Cloud::start().await;
    up(&cloud, &cloud.desired(), false).await.unwrap();
    let events = Events::silent();
    let cx = cloud.context(&events);
    let (_, world) = Box::pin(engine::observe(&cloud.aws, &cloud.config, false)).await.unwrap();
    cloud.server.enforce(Some(policy(&document(&id("other")))));
    cloud.server.clear_requests();
    let error = Box::pin(destroy::destroy(cx, &world)).await.unwrap_err();
    assert_eq!(kind_of(&error).exit_code(), 1);
    let requests = cloud.server.requests();
    assert!(requests.iter().filter(|request| request.write).all(|request| request.status >= 400), "{requests:?}");
    cloud.server.enforce(None);
    assert_eq!(Box::pin(engine::observe(&cloud.aws, &cloud.config, false)).await.unwrap().1, world);
}

#[tokio::test]
async fn the_read_only_policy_reads_and_no_more() {
    let life = live(&everything()).await.unwrap();
    let document = serde_json::to_value(Document::new(&ours(), true)).unwrap();
    let of = |command| life.iter().find(|lived| lived.command == command).unwrap();
    for command in [Command::Plan, Command::Outputs] {
        of(command).again(policy(&document)).await.unwrap();
    }
    // A plan may find nothing, manual changes, or unowned resources.
    for command in [Command::FirstUp, Command::Repair, Command::Adopt] {
        let cloud = of(command).cloud().await.unwrap();
        cloud.server.enforce(Some(policy(&document)));
        let adopt = command == Command::Adopt;
        Box::pin(engine::observe(&cloud.aws, &cloud.config, adopt)).await.unwrap();
    }
    // `up` is denied at its first write, and the error names the missing action.
    let cloud = of(Command::FirstUp).cloud().await.unwrap();
    cloud.server.enforce(Some(policy(&document)));
    let error = up(&cloud, &cloud.desired(), false).await.unwrap_err();
    assert_eq!(kind_of(&error).exit_code(), 1);
    let hint = error.downcast_ref::<crate::error::Failure>().and_then(|failure| failure.hint.clone()).unwrap();
    let first = ["iam:CreateRole", "logs:CreateLogGroup", "cognito-idp:CreateUserPool", "apigateway:POST"];
    assert!(first.iter().any(|action| hint.contains(&format!("allow {action} "))), "{hint}");
    let written = cloud.server.requests().into_iter().any(|request| request.write && request.status < 300);
    assert!(!written, "{:?}", cloud.server.requests());

    // It contains no write action, and nothing that is not in the full policy.
    let whole = serde_json::to_value(Document::new(&ours(), false)).unwrap();
    for statement in document["Statement"].as_array().unwrap() {
        let same =
            whole["Statement"].as_array().unwrap().iter().find(|other| other["Sid"] == statement["Sid"]).unwrap();
        assert_eq!((&statement["Resource"], &statement["Condition"]), (&same["Resource"], &same["Condition"]));
        for action in texts(statement, "Action") {
            let verb = action.split(':').nth(1).unwrap();
            assert!(["Get", "List", "Describe", "GET"].iter().any(|read| verb.starts_with(read)), "{action}");
            assert!(texts(same, "Action").contains(&action));
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn the_document_fits_a_managed_policy_and_its_sids_are_unique() {
    let longest = StackId::new("n".repeat(32), "s".repeat(16), "ap-southeast-1", ours().account_id);
    for (id, read_only) in [(&ours(), false), (&ours(), true), (&longest, false)] {
        let text = Document::new(id, read_only).to_string();
        // IAM counts all but white space.
        let length = text.chars().filter(|letter| !letter.is_whitespace()).count();
        println!("{} read_only={read_only}: {length} characters", id.name);
        assert!(length <= 6_144, "{length} characters");
        Policy::parse(&text).unwrap();
    }
    let sids: BTreeSet<&str> = Scope::ALL.iter().map(|scope| scope.sid()).collect();
    assert_eq!(sids.len(), Scope::ALL.len());
}
