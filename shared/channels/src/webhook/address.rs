//! Where a webhook may lead: an address comes from a tenant, and must not make us call into our own network. The URL
//! is checked when it is stored and before each try; the address behind its name when the connection is made.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use copilot_domain::limits::MAX_URL;
use reqwest::Url;

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Too long.
    #[error("at most {MAX_URL} characters")]
    TooLong,
    /// No URL, or one of another scheme.
    #[error("expected an address such as https://example.com/hooks")]
    Malformed,
    /// Plain HTTP.
    #[error("expected https: what we send would travel in the open")]
    Plain,
    /// With a name or a password in it.
    #[error("leave name and password out of the address; deliveries are signed")]
    Credentials,
    /// An address that is not on the public internet.
    #[error("the host must be on the public internet")]
    NotPublic,
}

/// Which addresses a deployment delivers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Those of the public internet, by https.
    Public,
    /// The machine itself as well, by http too: for local stacks and tests.
    AndLoopback,
}

impl Addresses {
    /// Reads a URL that is to be delivered to. A name is not looked up here, since it may mean another address by
    /// the time that it is used.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn parse(self, text: &str) -> Result<Url, UrlError> {
        if text.chars().count() > MAX_URL {
            return Err(UrlError::TooLong);
        }
        let url = Url::parse(text.trim()).map_err(|_| UrlError::Malformed)?;
        // Without square brackets, which an IPv6 address has in a URL. Other spellings of an IPv4 address
        // (decimal, octal, hexadecimal) are put right by the parser.
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        let address: Option<IpAddr> = host.parse().ok();
        let is_loopback = host == "localhost" || address.is_some_and(|ip| ip.is_loopback());
        let is_local = self == Self::AndLoopback && is_loopback;
        if url.scheme() == "http" && !is_local {
            return Err(UrlError::Plain);
        }
        if !is_local && (is_loopback || address.is_some_and(|ip| !is_public(ip))) {
            return Err(UrlError::NotPublic);
        }
        Ok(url)
    }

    /// Whether a connection may be made to an address.
    pub fn allows(self, ip: IpAddr) -> bool {
        is_public(ip) || (self == Self::AndLoopback && ip.is_loopback())
    }
}

/// Whether an address is one of the public internet: not of this machine, a private network, a link, a cloud's
/// metadata, a carrier's NAT, a documentation or a group of receivers.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match a {
        // This network, private, loopback; multicast, reserved and broadcast.
        0 | 10 | 127 | 224.. => true,
        // Carrier-grade NAT.
        100 => (64..128).contains(&b),
        // Link-local, with the metadata service.
        169 => b == 254,
        172 => (16..32).contains(&b),
        // Private; protocol assignments, documentation, 6to4 relays.
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        // Benchmarks, documentation.
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // An IPv4 address in another dress is judged as what it leads to: mapped, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => embedded(high, low),
        // Protocol assignments with Teredo, documentation.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] => second >= 0x1000,
        // Only this eighth of the addresses is given out; all else is local, a group, or nobody's.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1")]
    #[case("127.8.8.8")]
    #[case("0.0.0.0")]
    #[case("10.1.2.3")]
    #[case("172.16.0.1")]
    #[case("172.31.255.255")]
    #[case("192.168.1.1")]
    #[case("169.254.169.254")]
    #[case("169.254.170.2")]
    #[case("100.64.0.1")]
    #[case("100.127.255.255")]
    #[case("192.0.0.8")]
    #[case("192.0.2.1")]
    #[case("198.18.0.1")]
    #[case("203.0.113.9")]
    #[case("224.0.0.1")]
    #[case("240.0.0.1")]
    #[case("255.255.255.255")]
    #[case("::")]
    #[case("::1")]
    #[case("::127.0.0.1")]
    #[case("::ffff:127.0.0.1")]
    #[case("::ffff:169.254.169.254")]
    #[case("64:ff9b::10.0.0.1")]
    #[case("64:ff9b:1::1")]
    #[case("2002:7f00:1::")]
    #[case("2001::1")]
    #[case("2001:db8::1")]
    #[case("3fff::1")]
    #[case("fc00::1")]
    #[case("fd00:ec2::254")]
    #[case("fe80::1")]
    #[case("fec0::1")]
    #[case("ff02::1")]
    fn an_address_of_our_own_or_of_nobody_is_not_public(#[case] ip: &str) {
        let ip: IpAddr = ip.parse().unwrap();
        assert!(!is_public(ip) && !Addresses::Public.allows(ip));
        assert_eq!(
            Addresses::AndLoopback.allows(ip),
            ip.is_loopback(),
            "only the machine itself"
        );
    }

    #[rstest]
    #[case("1.1.1.1")]
    #[case("100.63.255.255")]
    #[case("100.128.0.1")]
    #[case("172.15.0.1")]
    #[case("172.32.0.1")]
    #[case("192.169.0.1")]
    #[case("169.253.0.1")]
    #[case("2606:4700:4700::1111")]
    #[case("2001:4860:4860::8888")]
    #[case("::ffff:1.1.1.1")]
    #[case("64:ff9b::1.1.1.1")]
    fn an_address_of_the_internet_is_public(#[case] ip: &str) {
        assert!(is_public(ip.parse().unwrap()));
    }

    #[rstest]
    #[case("http://example.com/", UrlError::Plain)]
    #[case("http://127.0.0.1:8080/", UrlError::Plain)]
    #[case("https://ada:pw@example.com/", UrlError::Credentials)]
    #[case("https://ada@example.com/", UrlError::Credentials)]
    #[case("https://127.0.0.1/", UrlError::NotPublic)]
    #[case("https://localhost/", UrlError::NotPublic)]
    #[case("https://2130706433/", UrlError::NotPublic)]
    #[case("https://0x7f.1/", UrlError::NotPublic)]
    #[case("https://017700000001/", UrlError::NotPublic)]
    #[case("https://[::1]/", UrlError::NotPublic)]
    #[case("https://[::ffff:10.0.0.1]/", UrlError::NotPublic)]
    #[case("https://169.254.169.254/latest/meta-data/", UrlError::NotPublic)]
    #[case("ftp://example.com/", UrlError::Malformed)]
    #[case("javascript:alert(1)", UrlError::Malformed)]
    #[case("example.com", UrlError::Malformed)]
    #[case("", UrlError::Malformed)]
    fn an_address_that_must_not_be_called_is_refused_with_its_reason(
        #[case] text: &str,
        #[case] error: UrlError,
    ) {
        assert_eq!(Addresses::Public.parse(text), Err(error), "{text}");
    }

    #[test]
    fn a_public_address_is_taken_and_a_loopback_where_the_deployment_says_so() {
        for good in [
            "https://example.com/hooks?x=1",
            "https://example.com:8443/",
            "https://1.1.1.1/",
        ] {
            assert!(Addresses::Public.parse(good).is_ok(), "{good}");
        }
        for local in [
            "http://127.0.0.1:9000/x",
            "http://localhost:9000",
            "https://[::1]:1/",
        ] {
            assert!(Addresses::AndLoopback.parse(local).is_ok(), "{local}");
        }
        for bad in ["http://example.com/", "http://10.0.0.1/", "https://192.168.0.1/"] {
            assert!(Addresses::AndLoopback.parse(bad).is_err(), "{bad}");
        }
        let long = format!("https://example.com/{}", "x".repeat(MAX_URL));
        assert_eq!(Addresses::Public.parse(&long), Err(UrlError::TooLong));
    }
}
