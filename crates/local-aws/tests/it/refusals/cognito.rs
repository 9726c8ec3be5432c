//! User pools.

use aws_sdk_cognitoidentityprovider::{
    Client,
    types::{
        AliasAttributeType, DeletionProtectionType, OAuthFlowType, ResourceServerScopeType, TimeUnitsType,
        TokenValidityUnitsType, UserPoolMfaType, UsernameAttributeType,
    },
};

use super::{Table, tags};
use crate::cloud::Cloud;

const CLIENTS: &str = "Cognito API reference, CreateUserPoolClient";
const DOMAINS: &str = "Cognito developer guide, *Configuring a user pool domain*";
const POOLS: &str = "Cognito API reference, CreateUserPool";
const DELETE: &str = "Cognito API reference, DeleteUserPool";
const SERVERS: &str = "Cognito API reference, CreateResourceServer";
const QUOTAS: &str = "Cognito developer guide, *Quotas*";
const TAGS: &str = "Cognito API reference, TagResource";

const INVALID: (u16, &str) = (400, "InvalidParameterException");
const FLOW: (u16, &str) = (400, "InvalidOAuthFlowException");
const LIMIT: (u16, &str) = (400, "LimitExceededException");
const ABSENT: (u16, &str) = (400, "ResourceNotFoundException");

async fn pool(cognito: &Client) -> String {
    cognito.create_user_pool().pool_name("p").send().await.unwrap().user_pool.unwrap().id.unwrap()
}

fn scope(name: &str) -> ResourceServerScopeType {
    ResourceServerScopeType::builder().scope_name(name).scope_description("d").build().unwrap()
}

#[tokio::test]
async fn clients() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let id = pool(&cognito).await;
    let server = cognito.create_resource_server().user_pool_id(&id).identifier("api").name("API");
    server.scopes(scope("read")).send().await.unwrap();
    let bare = || cognito.create_user_pool_client().user_pool_id(&id).client_name("c").generate_secret(true);
    let flow = || bare().allowed_o_auth_flows(OAuthFlowType::ClientCredentials);
    let client = || flow().allowed_o_auth_flows_user_pool_client(true).allowed_o_auth_scopes("api/read");
    let mut table = Table::default();
    let unknown = client().allowed_o_auth_scopes("api/write").send().await;
    table.refused("a scope that no resource server has", CLIENTS, (400, "ScopeDoesNotExistException"), unknown);
    let public = client().generate_secret(false).send().await;
    table.refused("client_credentials without a client secret", CLIENTS, FLOW, public);
    let both = client().allowed_o_auth_flows(OAuthFlowType::Code).send().await;
    table.refused("client_credentials beside another flow", CLIENTS, FLOW, both);
    table.refused("client_credentials without a scope", CLIENTS, FLOW, flow().send().await);
    let standard = flow().allowed_o_auth_scopes("openid").send().await;
    table.refused("client_credentials with a scope of users", CLIENTS, FLOW, standard);
    let many = (0..51).fold(bare(), |request, number| request.allowed_o_auth_scopes(format!("api/{number}")));
    table.refused("51 scopes of a client", CLIENTS, INVALID, many.send().await);
    let life = |number, unit| {
        let units = TokenValidityUnitsType::builder().access_token(unit).build();
        client().access_token_validity(number).token_validity_units(units).send()
    };
    table.refused("an access token that lives 4 minutes", CLIENTS, INVALID, life(4, TimeUnitsType::Minutes).await);
    table.refused("an access token that lives 25 hours", CLIENTS, INVALID, life(25, TimeUnitsType::Hours).await);
    let redirect = client().default_redirect_uri("https://example.com").send().await;
    table.refused("a default redirect URI that is not a callback URL", CLIENTS, INVALID, redirect);
    let word = client().client_name("a!").send().await;
    table.refused("a client's name with characters that names may not have", CLIENTS, INVALID, word);
    let unknown = client().allowed_o_auth_flows("password".into()).send().await;
    table.refused("a flow that OAuth does not have", CLIENTS, INVALID, unknown);
    let absent = client().user_pool_id("us-east-1_absent").send().await;
    table.refused("a client of an unknown pool", CLIENTS, ABSENT, absent);
    let update = cognito.update_user_pool_client().user_pool_id(&id).client_id("absent").send().await;
    table.refused("updating an unknown client", "Cognito API reference, UpdateUserPoolClient", ABSENT, update);
    table.done();
}

#[tokio::test]
async fn domains_and_pools() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let (one, two) = (pool(&cognito).await, pool(&cognito).await);
    let create = |prefix: &str, pool: &str| cognito.create_user_pool_domain().domain(prefix).user_pool_id(pool).send();
    let delete = |pool: &str| cognito.delete_user_pool().user_pool_id(pool).send();
    create("digits", &one).await.unwrap();
    let mut table = Table::default();
    table.refused("a domain that another pool has", DOMAINS, INVALID, create("digits", &two).await);
    table.refused("a second domain of a pool", DOMAINS, INVALID, create("letters", &one).await);
    for word in ["aws", "amazon", "cognito"] {
        let refused = create(&format!("my-{word}-app"), &two).await;
        table.refused(&format!("a domain with the reserved word {word}"), DOMAINS, INVALID, refused);
    }
    table.refused("a domain with capitals", DOMAINS, INVALID, create("Digits", &two).await);
    table.refused("a domain that ends in a hyphen", DOMAINS, INVALID, create("digits-", &two).await);
    table.refused("a domain of 64 characters", DOMAINS, INVALID, create(&"a".repeat(64), &two).await);
    table.refused("a domain of an unknown pool", DOMAINS, ABSENT, create("other", "us-east-1_absent").await);
    let foreign = cognito.delete_user_pool_domain().domain("digits").user_pool_id(&two).send().await;
    table.refused("deleting a domain that another pool has", DOMAINS, INVALID, foreign);
    table.refused("deleting a pool that has a domain", DELETE, INVALID, delete(&one).await);
    let protect = cognito.update_user_pool().user_pool_id(&two).deletion_protection(DeletionProtectionType::Active);
    protect.send().await.unwrap();
    table.refused("deleting a pool that is protected", DELETE, INVALID, delete(&two).await);
    table.refused("deleting an unknown pool", DELETE, ABSENT, delete("us-east-1_absent").await);
    table.refused("an invalid pool id", DELETE, INVALID, delete("none").await);
    let new = |name: &str| cognito.create_user_pool().pool_name(name);
    table.refused("a pool's name of 129 characters", POOLS, INVALID, new(&"p".repeat(129)).send().await);
    table.refused("a pool's name with characters that names may not have", POOLS, INVALID, new("a!").send().await);
    let mode = new("p").mfa_configuration(UserPoolMfaType::from("MAYBE")).send().await;
    table.refused("an MFA mode that does not exist", POOLS, INVALID, mode);
    let both = new("p").alias_attributes(AliasAttributeType::Email).username_attributes(UsernameAttributeType::Email);
    table.refused("alias attributes and user name attributes together", POOLS, INVALID, both.send().await);
    let page = |most| cognito.list_user_pools().max_results(most).send();
    for most in [0, 61] {
        let source = "Cognito API reference, ListUserPools";
        table.refused(&format!("{most} pools on a page"), source, INVALID, page(most).await);
    }
    let user = || cognito.admin_create_user().user_pool_id(&one).username("u").send();
    user().await.unwrap();
    let source = "Cognito API reference, AdminCreateUser";
    table.refused("a user name twice", source, (400, "UsernameExistsException"), user().await);
    table.done();
}

#[tokio::test]
async fn resource_servers_and_tags() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let id = pool(&cognito).await;
    let create = |identifier: &str, scopes| {
        let request = cognito.create_resource_server().user_pool_id(&id).identifier(identifier).name("API");
        request.set_scopes(Some(scopes)).send()
    };
    for number in 0..25 {
        create(&format!("api{number}"), vec![]).await.unwrap();
    }
    let mut table = Table::default();
    table.refused("a resource server twice", SERVERS, INVALID, create("api0", vec![]).await);
    table.refused("a 26th resource server of a pool", QUOTAS, LIMIT, create("api25", vec![]).await);
    let many = (0..101).map(|number| scope(&number.to_string())).collect();
    table.refused("101 scopes of a resource server", QUOTAS, INVALID, create("many", many).await);
    table.refused("a scope's name with a slash", SERVERS, INVALID, create("slash", vec![scope("a/b")]).await);
    table.refused("a resource server's identifier with a space", SERVERS, INVALID, create("a b", vec![]).await);
    let long = create(&"a".repeat(257), vec![]).await;
    table.refused("a resource server's identifier of 257 characters", SERVERS, INVALID, long);
    let update = cognito.update_resource_server().user_pool_id(&id).identifier("absent").name("API").send().await;
    table.refused("updating an unknown resource server", "Cognito API reference, UpdateResourceServer", ABSENT, update);

    let arn = format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{id}");
    let tag = |tags| cognito.tag_resource().resource_arn(&arn).set_tags(Some(tags)).send();
    tag(tags(0, 50)).await.unwrap();
    table.refused("a 51st tag of a pool", TAGS, INVALID, tag(tags(50, 51)).await);
    let own = [("aws:owner".to_owned(), "x".to_owned())].into();
    table.refused("a pool's tag that begins with aws:", TAGS, INVALID, tag(own).await);
    let long = [("k".repeat(129), "x".to_owned())].into();
    table.refused("a pool's tag with a key of 129 characters", TAGS, INVALID, tag(long).await);
    let long = [("k1".to_owned(), "v".repeat(257))].into();
    table.refused("a pool's tag with a value of 257 characters", TAGS, INVALID, tag(long).await);
    table.done();
}
