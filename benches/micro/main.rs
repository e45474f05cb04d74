//! The steps of the hot path, one at a time, for a tool that counts instructions: `micro STEP TIMES` does a step so often
//! and nothing else worth counting; without arguments it lists the steps. Counts, unlike times, are the same on a busy
//! machine.

mod fixture;

use std::error::Error;
use std::hint::black_box;

use fixture::Fixture;
use jwt_authorizer::jwt::token::{Compact, UnverifiedToken};
use jwt_authorizer::policy::Authorizer;
use jwt_authorizer::request::RequestHead;

type Step = fn(&mut Fixture) -> bool;

const FEW_RULES: usize = 50;
const MANY_RULES: usize = 5_000;

const STEPS: [(&str, usize, Step); 11] = [
    ("configure", FEW_RULES, |fixture| Authorizer::from_json(fixture.configuration()).is_ok()),
    ("head", FEW_RULES, |fixture| RequestHead::new(fixture.headers()).is_ok()),
    ("parse", FEW_RULES, |fixture| {
        Compact::decode(fixture.token()).is_ok_and(|compact| UnverifiedToken::read(&compact).is_ok())
    }),
    ("public", FEW_RULES, |fixture| fixture.allows("/public")),
    ("hit", FEW_RULES, |fixture| fixture.allows("/authenticated")),
    ("hit, one scope", FEW_RULES, |fixture| fixture.allows("/scope")),
    ("hit, a tree of requirements", FEW_RULES, |fixture| fixture.allows("/users/user-1")),
    ("miss", FEW_RULES, |fixture| fixture.allows_unseen("/scope")),
    ("refused: expired", FEW_RULES, |fixture| fixture.refuses_expired("/scope")),
    ("refused: garbage", FEW_RULES, Fixture::refuses_garbage),
    ("hit, among 5,000 rules", MANY_RULES, |fixture| fixture.allows("/resources/49/items")),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(name) = arguments.next() else {
        STEPS.iter().for_each(|(name, ..)| println!("{name}"));
        return Ok(());
    };
    let times: u32 = arguments.next().ok_or("how often?")?.parse()?;
    let (_, rules, step) = STEPS.iter().find(|(known, ..)| *known == name).ok_or("no such step")?;
    let mut fixture = Fixture::new(*rules)?;
    for _ in 0..times {
        if !step(black_box(&mut fixture)) {
            return Err("the step failed".into());
        }
    }
    Ok(())
}
