//! Whoever can make up addresses neither fills the memory nor gets rid of what is counted.

use std::net::{IpAddr, Ipv4Addr};

use entity::UserId;
use roost::clock::{Clock, DAY};
use roost::limit::address::Address;
use roost::limit::rate::{Account, Action, Demand, Rates, Rules, Subject};

use super::quota;

#[tokio::test]
async fn a_flood_of_addresses_drops_what_is_nearly_idle_first() {
    let quotas = vec![(Action::AnonymousOperations, quota("5, 1/s")), (Action::Tweets, quota("5, 1/h"))];
    let clock = Clock::default();
    let rates = Rates::in_process(Rules { quotas, longest_delay: DAY }, clock.clone());
    let by = |subject, action| [Demand { action, subject, cost: 1 }];
    let ada = Subject::User(UserId(1));
    for _ in 0..5 {
        rates.take(&by(ada, Action::Tweets)).await.unwrap();
    }
    let (account, home) = (Account::User(UserId(1)), Address::new(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    for _ in 0..20 {
        rates.failed(account, home).await;
    }
    for n in 0..250_000_u32 {
        let address = Address::new(IpAddr::V4(Ipv4Addr::from_bits(n)));
        rates.take(&by(Subject::Address(address), Action::AnonymousOperations)).await.unwrap();
    }
    rates.take(&by(ada, Action::Tweets)).await.unwrap_err();
    rates.take(&by(Subject::Account(account, home), Action::LogIns)).await.unwrap_err();
    clock.advance(2 * DAY);
    rates.take(&by(ada, Action::Tweets)).await.unwrap();
    rates.take(&by(Subject::Account(account, home), Action::LogIns)).await.unwrap();
}
