//! Values behind their types: `{"S":"text"}`, `{"N":"7"}`, `{"M":{…}}`.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer as _, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

/// The types of DynamoDB that a record's attributes can have. It has three more, of sets, which no record uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Type {
    S,
    N,
    B,
    #[serde(rename = "BOOL")]
    Bool,
    #[serde(rename = "NULL")]
    Null,
    L,
    M,
}

/// An item, as a map of its attributes, with some that are not in the text.
pub(super) struct Members<D> {
    pub(super) of: D,
    pub(super) besides: Vec<(&'static str, String)>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Members<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.of.deserialize_map(MapIn { visitor, besides: self.besides })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// One value behind its type.
pub(super) struct Typed<D>(pub(super) D);

/// What is made of a value when its type is known.
enum Ask {
    Any,
    Option,
    Newtype(&'static str),
    Enum(&'static str, &'static [&'static str]),
}

impl<'de, D: Deserializer<'de>> Typed<D> {
    fn ask<V: Visitor<'de>>(self, ask: Ask, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(TypedIn { ask, visitor })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Typed<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.ask(Ask::Any, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.ask(Ask::Option, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.ask(Ask::Newtype(name), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.ask(Ask::Enum(name, variants), visitor)
    }

    /// How long it is, is all that has to be known.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

struct TypedIn<V> {
    ask: Ask,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TypedIn<V> {
    type Value = V::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(out)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut member: A) -> Result<V::Value, A::Error> {
        let kind =
            member.next_key()?.ok_or_else(|| A::Error::custom("a value without its type"))?;
        let value = {
            let opened = Opened { kind, member: &mut member, of: PhantomData };
            match self.ask {
                Ask::Any => opened.deserialize_any(self.visitor)?,
                Ask::Option => opened.deserialize_option(self.visitor)?,
                Ask::Newtype(name) => opened.deserialize_newtype_struct(name, self.visitor)?,
                Ask::Enum(name, variants) => {
                    opened.deserialize_enum(name, variants, self.visitor)?
                }
            }
        };
        match member.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(A::Error::custom("a value of two types")),
        }
    }
}

/// A value whose type has been read.
struct Opened<'a, 'de, A> {
    kind: Type,
    member: &'a mut A,
    of: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Opened<'_, 'de, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        match self.kind {
            Type::S | Type::Bool => self.member.next_value_seed(Plain(visitor)),
            Type::N => self.member.next_value_seed(Number(visitor)),
            Type::B => {
                let text: String = self.member.next_value()?;
                visitor.visit_byte_buf(BASE64.decode(text).map_err(A::Error::custom)?)
            }
            Type::Null => {
                self.member.next_value::<bool>()?;
                visitor.visit_unit()
            }
            Type::L => self.member.next_value_seed(List(visitor)),
            Type::M => self.member.next_value_seed(Map(visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        match self.kind {
            Type::Null => {
                self.member.next_value::<bool>()?;
                visitor.visit_none()
            }
            Type::S | Type::N | Type::B | Type::Bool | Type::L | Type::M => {
                visitor.visit_some(self)
            }
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        match self.kind {
            Type::S => {
                let text: String = self.member.next_value()?;
                let variant: StringDeserializer<A::Error> = text.into_deserializer();
                visitor.visit_enum(variant)
            }
            Type::M => self.member.next_value_seed(Variant(visitor)),
            other => Err(A::Error::custom(format!("a value of type {other:?} for one of several"))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// As it stands there.
struct Plain<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Plain<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_any(self.0)
    }
}

/// A number, which is written as a text.
struct Number<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Number<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Number<V> {
    type Value = V::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(out)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        if let Ok(number) = text.parse() {
            return self.0.visit_u64(number);
        }
        if let Ok(number) = text.parse() {
            return self.0.visit_i64(number);
        }
        self.0.visit_f64(text.parse().map_err(E::custom)?)
    }
}

/// Values, one behind the other.
struct List<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for List<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for List<V> {
    type Value = V::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(out)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(ListOf(values))
    }
}

struct ListOf<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ListOf<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(One(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// One value of a list or a map.
struct One<T>(T);

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for One<T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T::Value, D::Error> {
        self.0.deserialize(Typed(from))
    }
}

/// Values by their names.
struct Map<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Map<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_map(MapIn { visitor: self.0, besides: Vec::new() })
    }
}

struct MapIn<V> {
    visitor: V,
    besides: Vec<(&'static str, String)>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for MapIn<V> {
    type Value = V::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(out)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(MapOf { members, besides: self.besides, next: None })
    }
}

struct MapOf<A> {
    members: A,
    /// What comes behind the members.
    besides: Vec<(&'static str, String)>,
    /// The value that is next, if it is of those.
    next: Option<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for MapOf<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        if self.besides.is_empty() && self.next.is_none() {
            return self.members.next_key_seed(seed);
        }
        // A derived visitor has its own name for each member, so the name is read first, and said again.
        if let Some(super::Name(name)) = self.members.next_key()? {
            self.besides.retain(|(besides, _)| *besides != name);
            let name: StrDeserializer<'_, A::Error> = (*name).into_deserializer();
            return seed.deserialize(name).map(Some);
        }
        let Some((name, text)) = self.besides.pop() else { return Ok(None) };
        self.next = Some(text);
        let name: StrDeserializer<'_, A::Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        match self.next.take() {
            Some(text) => {
                let text: StringDeserializer<A::Error> = text.into_deserializer();
                seed.deserialize(text)
            }
            None => self.members.next_value_seed(One(seed)),
        }
    }
}

/// One of several, by its name, with what it holds.
struct Variant<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Variant<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Variant<V> {
    type Value = V::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(out)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut member: A) -> Result<V::Value, A::Error> {
        let value = self.0.visit_enum(VariantOf(&mut member))?;
        match member.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(A::Error::custom("two of several at once")),
        }
    }
}

struct VariantOf<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for VariantOf<'_, A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), A::Error> {
        let variant = self.0.next_key_seed(seed)?;
        Ok((variant.ok_or_else(|| A::Error::custom("none of several"))?, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for VariantOf<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.next_value::<IgnoredAny>().map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(One(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(Whole(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(Whole(visitor))
    }
}

/// A value behind its type, whatever it is.
struct Whole<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Whole<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        Typed(from).deserialize_any(self.0)
    }
}
