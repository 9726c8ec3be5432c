//! Functions.

use std::io::{Cursor, Write as _};

use aws_sdk_lambda::{
    Client,
    operation::create_function::builders::CreateFunctionFluentBuilder,
    primitives::Blob,
    types::{Architecture, Environment, FunctionCode, InvocationType},
};
use local_aws::Faults;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Table, tags};
use crate::cloud::{Cloud, TRUST, zip};

const CREATE: &str = "Lambda API reference, CreateFunction";
const CONFIGURATION: &str = "Lambda API reference, UpdateFunctionConfiguration";
const INVOKE: &str = "Lambda API reference, Invoke";
const PERMISSION: &str = "Lambda API reference, AddPermission";
const QUOTAS: &str = "Lambda developer guide, *Lambda quotas*";
const STATES: &str = "Lambda developer guide, *Lambda function states*";
const CONCURRENCY: &str = "Lambda developer guide, *Configuring reserved concurrency*";
const TAGS: &str = "Lambda API reference, TagResource";

const INVALID: (u16, &str) = (400, "InvalidParameterValueException");
const BROKEN: (u16, &str) = (400, "ValidationException");
const CONFLICT: (u16, &str) = (409, "ResourceConflictException");
const ABSENT: (u16, &str) = (404, "ResourceNotFoundException");

fn source(zip: Vec<u8>) -> FunctionCode {
    FunctionCode::builder().zip_file(Blob::new(zip)).build()
}

fn function(lambda: &Client, name: &str, role: &str) -> CreateFunctionFluentBuilder {
    let request = lambda.create_function().function_name(name).role(role).runtime("provided.al2023".into());
    request.handler("bootstrap").code(source(zip("bootstrap", "x")))
}

/// A zip with one file of `size` zero bytes.
fn zeros(size: usize, method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("data", SimpleFileOptions::default().compression_method(method)).unwrap();
    let chunk = vec![0; 1 << 20];
    let mut left = size;
    while left > 0 {
        let part = left.min(chunk.len());
        writer.write_all(&chunk[..part]).unwrap();
        left -= part;
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn creating_functions() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    let create = |name: &str| function(&lambda, name, &role);
    create("f").send().await.unwrap();
    let mut table = Table::default();
    table.refused("a function twice", CREATE, CONFLICT, create("f").send().await);
    table.refused("a function's name of 65 characters", CREATE, BROKEN, create(&"f".repeat(65)).send().await);
    table.refused("a function's name with a space", CREATE, BROKEN, create("a b").send().await);
    let of_role = |role: &str| function(&lambda, "g", role).send();
    let absent = of_role("arn:aws:iam::000000000000:role/absent").await;
    table.refused("a role that does not exist", CREATE, INVALID, absent);
    let other = TRUST.replace("lambda", "ec2");
    let other = cloud.iam().create_role().role_name("other").assume_role_policy_document(other).send().await.unwrap();
    table.refused("a role that does not trust Lambda", CREATE, INVALID, of_role(&other.role.unwrap().arn).await);
    table.refused("a role that is not an ARN", CREATE, BROKEN, of_role("role/r").await);
    let of_zip = |zip| create("g").code(source(zip)).send();
    table.refused("code that is not a zip", CREATE, INVALID, of_zip(b"no zip".to_vec()).await);
    table.refused(
        "a function without code",
        CREATE,
        INVALID,
        create("g").code(FunctionCode::builder().build()).send().await,
    );
    table.accepted("a zip without a bootstrap", CREATE, create("h").code(source(zip("other", "x"))).send().await);
    let large = of_zip(zeros(52_428_801, CompressionMethod::Stored)).await;
    table.refused("a zip of over 50 MB", QUOTAS, (413, "RequestEntityTooLargeException"), large);
    let large = of_zip(zeros(262_144_001, CompressionMethod::Deflated)).await;
    table.refused("a zip of over 250 MB unzipped", QUOTAS, INVALID, large);
    for seconds in [0, 901] {
        let rule = format!("a time-out of {seconds} s");
        table.refused(&rule, CREATE, BROKEN, create("g").timeout(seconds).send().await);
    }
    for size in [127, 10_241] {
        let rule = format!("a memory of {size} MB");
        table.refused(&rule, CREATE, BROKEN, create("g").memory_size(size).send().await);
    }
    let unknown = create("g").architectures(Architecture::from("mips")).send().await;
    table.refused("an architecture that Lambda does not have", CREATE, BROKEN, unknown);
    let long = create("g").description("d".repeat(257)).send().await;
    table.refused("a function's description of 257 characters", CREATE, BROKEN, long);
    let variables = |name: &str, value: &str| Environment::builder().variables(name, value).build();
    let update =
        |environment| lambda.update_function_configuration().function_name("f").environment(environment).send();
    let large = update(variables("BIG", &"x".repeat(4096))).await;
    table.refused("variables of over 4 KB", QUOTAS, INVALID, large);
    let reserved = update(variables("AWS_REGION", "x")).await;
    table.refused("a variable that Lambda sets itself", CONFIGURATION, INVALID, reserved);
    table.refused(
        "a variable's name that begins with a digit",
        CONFIGURATION,
        BROKEN,
        update(variables("1A", "x")).await,
    );
    table.done();
}

#[tokio::test]
async fn changing_and_calling_functions() {
    let cloud = Cloud::start().await;
    let lambda = cloud.lambda();
    let role = cloud.role("r").await;
    let arn = function(&lambda, "f", &role).send().await.unwrap().function_arn.unwrap();
    let mut table = Table::default();
    let add = |id: &str| lambda.add_permission().function_name("f").statement_id(id).action("lambda:InvokeFunction");
    let gateway = "apigateway.amazonaws.com";
    add("one").principal(gateway).send().await.unwrap();
    table.refused("a statement's id twice", PERMISSION, CONFLICT, add("one").principal(gateway).send().await);
    table.refused("a statement's id with a space", PERMISSION, BROKEN, add("o n e").principal(gateway).send().await);
    table.refused("an invalid principal", PERMISSION, INVALID, add("two").principal("nobody").send().await);
    let arnless = add("two").principal(gateway).source_arn("here").send().await;
    table.refused("a source ARN that is not an ARN", PERMISSION, BROKEN, arnless);
    let absent = add("two").principal(gateway).function_name("absent").send().await;
    table.refused("a permission of an unknown function", PERMISSION, ABSENT, absent);
    let remove = lambda.remove_permission().function_name("f").statement_id("absent").send().await;
    table.refused("removing an unknown statement", "Lambda API reference, RemovePermission", ABSENT, remove);

    let long = "a".repeat(900);
    for number in 0..20 {
        let arn = format!("arn:aws:execute-api:us-east-1:000000000000:{long}{number}");
        let one = add(&format!("s{number}")).principal(gateway).source_arn(arn).send().await;
        if crate::cloud::code_of(&one).is_some() || number == 19 {
            let expected = (400, "PolicyLengthExceededException");
            table.refused("a function's policy of over 20 KB", QUOTAS, expected, one);
            break;
        }
    }

    let reserve =
        |most| lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(most).send();
    table.refused("a reserve that leaves under 100 of 1,000", CONCURRENCY, INVALID, reserve(901).await);
    table.accepted("a reserve that leaves just 100", CONCURRENCY, reserve(900).await);
    let stale = lambda.update_function_configuration().function_name("f").revision_id("stale").send().await;
    table.refused("an update of another revision", CONFIGURATION, (412, "PreconditionFailedException"), stale);
    let empty = lambda.update_function_code().function_name("f").send().await;
    table.refused("an update without code", "Lambda API reference, UpdateFunctionCode", INVALID, empty);
    let page = lambda.list_functions().max_items(10_001).send().await;
    table.refused("10,001 functions on a page", "Lambda API reference, ListFunctions", BROKEN, page);
    let delete = lambda.delete_function().function_name("absent").send().await;
    table.refused("deleting an unknown function", "Lambda API reference, DeleteFunction", ABSENT, delete);

    let invoke = |payload: Vec<u8>| lambda.invoke().function_name("f").payload(Blob::new(payload));
    let text = invoke(b"text".to_vec()).send().await;
    table.refused("a payload that is not JSON", INVOKE, (400, "InvalidRequestContentException"), text);
    let large = invoke(format!("\"{}\"", "x".repeat(6 << 20)).into_bytes()).send().await;
    table.refused("a payload of over 6 MB", QUOTAS, (413, "RequestTooLargeException"), large);
    let kind = invoke(b"{}".to_vec()).invocation_type(InvocationType::from("Later")).send().await;
    table.refused("an invocation type that does not exist", INVOKE, BROKEN, kind);
    table.refused("invoking an unknown version", INVOKE, ABSENT, invoke(b"{}".to_vec()).qualifier("7").send().await);

    let tag = |tags| lambda.tag_resource().resource(&arn).set_tags(Some(tags)).send();
    tag(tags(0, 50)).await.unwrap();
    table.refused("a 51st tag of a function", TAGS, INVALID, tag(tags(50, 51)).await);
    let own = tag([("aws:owner".to_owned(), "x".to_owned())].into()).await;
    table.refused("a function's tag that begins with aws:", TAGS, INVALID, own);
    let odd = tag([("a!".to_owned(), "x".to_owned())].into()).await;
    table.refused("a function's tag with characters that tags may not have", TAGS, BROKEN, odd);
    table.done();
}

#[tokio::test]
async fn functions_that_are_not_ready() {
    // Long enough that neither state ends during the test. Each gets its own cloud.
    let hour = 3_600_000;
    let mut table = Table::default();
    let cloud =
        Cloud::start_with(|options| options.faults = Faults { role_propagation_ms: hour, ..Faults::default() }).await;
    let young = function(&cloud.lambda(), "f", &cloud.role("r").await).send().await;
    table.refused("a role that was made just now", CREATE, INVALID, young);

    for (state, faults) in [
        ("Pending", Faults { function_pending_ms: hour, ..Faults::default() }),
        ("being updated", Faults { function_update_ms: hour, ..Faults::default() }),
    ] {
        let cloud = Cloud::start_with(|options| options.faults = faults).await;
        let lambda = cloud.lambda();
        let arn = function(&lambda, "f", &cloud.role("r").await).send().await.unwrap().function_arn.unwrap();
        let configure = || lambda.update_function_configuration().function_name("f").timeout(9).send();
        if state == "being updated" {
            configure().await.unwrap();
        }
        let rule = |operation: &str| format!("{operation} of a function that is {state}");
        let code = lambda.update_function_code().function_name("f").zip_file(Blob::new(zip("bootstrap", "y"))).send();
        table.refused(&rule("UpdateFunctionCode"), STATES, CONFLICT, code.await);
        table.refused(&rule("UpdateFunctionConfiguration"), STATES, CONFLICT, configure().await);
        let publish = lambda.publish_version().function_name("f").send().await;
        table.refused(&rule("PublishVersion"), STATES, CONFLICT, publish);
        let invoke = lambda.invoke().function_name("f").invocation_type(InvocationType::DryRun).send().await;
        let tag = lambda.tag_resource().resource(&arn).tags("a", "1").send().await;
        if state == "Pending" {
            table.refused(&rule("Invoke"), STATES, CONFLICT, invoke);
            table.accepted(&rule("TagResource"), STATES, tag);
        } else {
            table.accepted(&rule("Invoke"), STATES, invoke);
            table.refused(&rule("TagResource"), STATES, CONFLICT, tag);
        }
        let permission = lambda.add_permission().function_name("f").statement_id("s").action("lambda:InvokeFunction");
        table.accepted(&rule("AddPermission"), STATES, permission.principal("apigateway.amazonaws.com").send().await);
        let reserve = lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(1).send();
        table.accepted(&rule("PutFunctionConcurrency"), STATES, reserve.await);
        table.accepted(&rule("DeleteFunction"), STATES, lambda.delete_function().function_name("f").send().await);
    }
    table.done();
}
