//! Deserializes any YAML into the JSON value to which kubectl converts it (`sigs.k8s.io/yaml`).
//!
//! Keys need not be strings: `1`, `on` and `true` become the keys `"1"`, `"true"` and `"true"`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The JSON value of a YAML document.
pub(super) struct YamlAsJson(pub(super) Value);

/// A key of a mapping of any YAML type, converted to a string.
struct Key(String);

impl<'de> Deserialize<'de> for YamlAsJson {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        number(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("JSON cannot represent the number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(YamlAsJson(value)) = from.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((Key(key), YamlAsJson(value))) = from.next_entry()? {
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

/// Returns a number as Go encodes it: whole numbers have no decimal point.
fn number(value: f64) -> Option<Number> {
    /// 2^53: whole numbers up to here are exact in an `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some((value as i64).into());
    }
    Number::from_f64(value)
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyKey).map(Self)
    }
}

struct AnyKey;

impl Visitor<'_> for AnyKey {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        Ok(match number(value) {
            Some(number) => number.to_string(),
            // JSON has no such numbers, but keys are strings.
            None if value.is_nan() => ".nan".to_owned(),
            None if value.is_sign_negative() => "-.inf".to_owned(),
            None => ".inf".to_owned(),
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::YamlAsJson;
    use crate::kubeconfig_file::yaml_options;

    fn json(yaml: &str) -> String {
        let parsed = serde_saphyr::from_str_with_options::<YamlAsJson>(yaml, yaml_options());
        parsed.map_or_else(|_| "rejected".to_owned(), |it| it.0.to_string())
    }

    #[test]
    fn deserialize_returns_json_of_kubectl() {
        // From the `config` that kubectl 1.37.2 passes to an exec plugin.
        assert_eq!(
            json(
                "{a: y, b: on, c: true, d: 1, e: 0x1F, f: 1.50, g: null, h: 2020-01-01, i: 0o7, j: 1_000, l: 1e3, m: -0, n: 12345678901234567890, o: 1.0}"
            ),
            r#"{"a":true,"b":true,"c":true,"d":1,"e":31,"f":1.5,"false":12345678901234567890,"g":null,"h":"2020-01-01","i":7,"j":1000,"l":1000,"m":0,"o":1}"#
        );
        assert_eq!(
            json("{1: a, -2: b, 1.5: c, 1e3: d, off: f, '1': g}"),
            r#"{"-2":"b","1":"g","1.5":"c","1000":"d","false":"f"}"#
        );
    }

    #[test]
    fn deserialize_with_infinity_or_nan_as_key_succeeds() {
        // Accepted by kubectl 1.37.2; the text is that of sigs.k8s.io/yaml `convertToJSONableObject`.
        assert_eq!(
            json("{.inf: a, -.Inf: b, .NAN: c, 1.0: d}"),
            r#"{"-.inf":"b",".inf":"a",".nan":"c","1":"d"}"#
        );
    }

    #[test]
    fn deserialize_with_value_that_json_lacks_fails() {
        for yaml in ["a: .inf", "a: .nan", "{null: a}", "{~: a}", "{[1]: a}"] {
            assert_eq!(json(yaml), "rejected", "{yaml}");
        }
    }
}
