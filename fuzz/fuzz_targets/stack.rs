//! A local cloud with one resource of each kind, for the targets that send it requests.

use local_aws::fuzzing::Cloud;

/// The control-plane requests that create it. Ids are random, so seeds refer to names where they can.
const STACK: [&[u8]; 5] = [
    b"iam\nAction=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C\
      %22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com\
      %22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D",
    b"logs CreateLogGroup\n{\"logGroupName\": \"/aws/lambda/f\"}",
    b"lambda POST /2015-03-31/functions\n{\"FunctionName\": \"f\", \"Role\": \"arn:aws:iam::000000000000:role/r\", \
      \"Runtime\": \"provided.al2023\", \"Handler\": \"bootstrap\", \"Code\": {\"ZipFile\": \
      \"UEsDBBQAAAAAAAAAIQAdnfsECgAAAAoAAAAJAAAAYm9vdHN0cmFwIyEvYmluL3NoClBLAQIUAxQAAAAAAAAAIQAdnfsECgAAAAoAAAAJAAAAAAAAAAAAAADtgQAAAABib290c3RyYXBQSwUGAAAAAAEAAQA3AAAAMQAAAAAA\"}}",
    b"cognito-idp CreateUserPool\n{\"PoolName\": \"p\"}",
    b"apigateway POST /restapis\n{\"name\": \"a\", \"endpointConfiguration\": {\"types\": [\"REGIONAL\"]}}",
];

thread_local! {
    pub static CLOUD: Cloud = Cloud::new(&STACK);
}
