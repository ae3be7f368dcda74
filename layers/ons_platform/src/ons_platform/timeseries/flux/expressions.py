"""Expressions of Flux, from the loosest binding to the tightest.

    conditional < or < and < not, exists < == != < <= > >= =~ !~ < + - < * / % < ^ < |> < sign
    < call, member, index

All operators of two sides group to the left; a pipe's right side is a call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, NoReturn, TypeVar

from ons_platform.timeseries.flux import literals
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.tokens import Lexer, Token

MAX_DEPTH = 40
"""Levels of nesting. libflux takes 80; people write a dozen."""
MAX_CHAIN = 150
"""Operators, calls, members and pipes one after the other: each is a level of the tree."""

_BINDING = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "=~", "!~"), 1),
    **dict.fromkeys("+-", 2),
    **dict.fromkeys("*/%", 3),
    "^": 4,
}
_Read = TypeVar("_Read")


class ExpressionParser(ABC):
    """A cursor over the tokens, and the rules of expressions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.last_end = 0
        self._lexer = Lexer(text)
        self._next: Token | None = None
        self._depth = 0

    # ---------------------------------------------------------------- tokens
    def peek(self, *, regex: bool = False) -> Token:
        """The next token, not yet taken."""
        if self._next is None or (regex and self._next.kind == "/"):
            self._next = self._lexer.token(self.last_end, regex=regex)
        return self._next

    def take(self) -> Token:
        """The next token; the cursor moves behind it."""
        token = self.peek()
        self._next = None
        self.last_end = token.end
        return token

    def skip(self, kind: str) -> bool:
        """Take the next token if it is of that kind."""
        if self.peek().kind != kind:
            return False
        self.take()
        return True

    def expect(self, kind: str, what: str) -> Token:
        """The next token, which must be of that kind."""
        if self.peek().kind != kind:
            self.unexpected(self.peek(), what)
        return self.take()

    def name(self, what: str) -> str:
        """The name that must stand here."""
        return self.expect("name", what).text

    def unexpected(self, token: Token, what: str) -> NoReturn:
        """Refuse a token for what should stand in its place."""
        found = "the query ends" if token.kind == "end" else f"{token.text[:40]!r} stands"
        refuse(f"Not valid Flux: {found} where {what} is expected.", token.start)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting; refused past `MAX_DEPTH`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            refuse(f"The query is nested more than {MAX_DEPTH} levels deep.", self.peek().start)
        yield
        self._depth -= 1

    @abstractmethod
    def block(self) -> tree.Block:
        """Statements between braces."""

    # ---------------------------------------------------------------- operators
    def expression(self) -> tree.Expression:
        """A whole expression."""
        with self.deeper():
            if self.peek().kind == "if":
                return self._conditional()
            return self._either(self._both(self._negated()))

    def continued(self, start: tree.Expression) -> tree.Expression:
        """An expression of which the first operand is read already."""
        value = self._arithmetic(self._pipes(self._postfixes(start)), 1)
        return self._either(self._both(value))

    def _conditional(self) -> tree.Expression:
        at = self.take().start
        test = self.expression()
        self.expect("then", "then")
        yes = self.expression()
        self.expect("else", "else")
        return tree.Conditional(test, yes, self.expression(), at=at)

    def _either(self, left: tree.Expression) -> tree.Expression:
        for _ in self._chain("or"):
            token = self.take()
            left = tree.Binary("or", left, self._both(self._negated()), at=token.start)
        return left

    def _both(self, left: tree.Expression) -> tree.Expression:
        for _ in self._chain("and"):
            token = self.take()
            left = tree.Binary("and", left, self._negated(), at=token.start)
        return left

    def _negated(self) -> tree.Expression:
        marks = [self.take() for _ in self._chain("not", "exists")]
        value = self._arithmetic(self._piped(), 1)
        for mark in reversed(marks):
            value = tree.Unary(mark.kind, value, at=mark.start)
        return value

    def _arithmetic(self, left: tree.Expression, loosest: int) -> tree.Expression:
        """Operators that bind at least so tightly, by precedence climbing."""
        chain = 0
        while _BINDING.get(self.peek().kind, 0) >= loosest:
            chain = self._longer(chain)
            token = self.take()
            right = self._arithmetic(self._piped(), _BINDING[token.kind] + 1)
            left = tree.Binary(token.kind, left, right, at=token.start)
        return left

    def _piped(self) -> tree.Expression:
        return self._pipes(self._signed())

    def _pipes(self, source: tree.Expression) -> tree.Expression:
        for _ in self._chain("|>"):
            token = self.take()
            call = self._signed()
            if not isinstance(call, tree.Call):
                refuse("Not valid Flux: a pipe leads into a function call, f(...).", token.start)
            source = tree.Piped(source, call, at=token.start)
        return source

    def _signed(self) -> tree.Expression:
        signs = [self.take() for _ in self._chain("+", "-")]
        value = self._postfixes(self.primary())
        for sign in reversed(signs):
            value = tree.Unary(sign.kind, value, at=sign.start)
        return value

    def _postfixes(self, value: tree.Expression) -> tree.Expression:
        for _ in self._chain(".", "(", "["):
            token = self.take()
            if token.kind == ".":
                value = tree.Member(value, self.name("a name"), at=value.at)
            elif token.kind == "(":
                value = tree.Call(value, self._properties(")"), at=value.at)
            else:
                value = self._indexed(value)
        return value

    def _indexed(self, value: tree.Expression) -> tree.Expression:
        index = self.expression()
        self.expect("]", "a closing bracket")
        if isinstance(index, tree.Text):
            return tree.Member(value, index.value, quoted=True, at=value.at)
        return tree.Index(value, index, at=value.at)

    def _chain(self, *kinds: str) -> Iterator[None]:
        count = 0
        while self.peek().kind in kinds:
            count = self._longer(count)
            yield

    def _longer(self, count: int) -> int:
        if count >= MAX_CHAIN:
            refuse(f"More than {MAX_CHAIN} operations stand in one chain.", self.peek().start)
        return count + 1

    # ---------------------------------------------------------------- operands
    def primary(self) -> tree.Expression:
        """A literal, a name, or what stands in brackets."""
        token = self.peek(regex=True)
        read = self._READERS.get(token.kind)
        if read is None:
            self.unexpected(token, "an expression")
        return read(self, self.take())

    def _identifier(self, token: Token) -> tree.Expression:
        return tree.Identifier(token.text, at=token.start)

    def _integer(self, token: Token) -> tree.Expression:
        if len(token.text) > 1 and token.text.startswith("0"):
            refuse("Not valid Flux: a whole number does not begin with 0.", token.start)
        if len(token.text) > 19 or int(token.text) > literals.LARGEST:
            refuse("Not valid Flux: a whole number has at most 63 bits.", token.start)
        return tree.Integer(int(token.text), at=token.start)

    def _float(self, token: Token) -> tree.Expression:
        return tree.Float(token.text, at=token.start)

    def string(self, token: Token) -> tree.Text:
        """The string a token stands for."""
        value = self._resolved(literals.unescape, token, token.text[1:-1], "text")
        return tree.Text(value, at=token.start)

    def _interpolated(self, start: Token) -> tree.Expression:
        parts: list[tree.Expression] = []
        while True:
            token = self._lexer.within_string(self.last_end)
            self.last_end = token.end
            if token.kind == '"':
                return tree.Interpolated(_joined(parts), at=start.start)
            if token.kind == "text":
                value = self._resolved(literals.unescape, token, token.text, "text")
                parts.append(tree.Text(value, at=token.start))
            else:
                inner = self.expression()
                plain = isinstance(inner, tree.Text)
                parts.append(tree.Parenthesised(inner, at=inner.at) if plain else inner)
                self.expect("}", "a closing brace")

    def _regex(self, token: Token) -> tree.Expression:
        pattern = self._resolved(literals.unescape_regex, token, token.text[1:-1], "pattern")
        return tree.Regex(pattern, at=token.start)

    def _duration(self, token: Token) -> tree.Expression:
        parts = self._resolved(literals.duration_parts, token, token.text, "duration")
        return tree.Duration(parts, at=token.start)

    def _instant(self, token: Token) -> tree.Expression:
        self._resolved(literals.nanoseconds, token, token.text, "instant")
        return tree.Instant(token.text, at=token.start)

    def _pipe(self, token: Token) -> tree.Expression:
        return tree.Pipe(at=token.start)

    def label(self) -> tree.Expression:
        """`.name` or `."name"`."""
        return self._label(self.expect(".", "a dot"))

    def _label(self, dot: Token) -> tree.Expression:
        token = self.take()
        if token.kind not in ("name", "string"):
            self.unexpected(token, "a name")
        name = self.string(token).value if token.kind == "string" else token.text
        return tree.Label(name, at=dot.start)

    def _resolved(
        self, read: Callable[[str], _Read], token: Token, written: str, what: str
    ) -> _Read:
        try:
            return read(written)
        except (ValueError, OverflowError):
            refuse(f"Not valid Flux: {token.text[:40]} is no {what}.", token.start)

    # ---------------------------------------------------------------- brackets
    def _brackets(self, start: Token) -> tree.Expression:
        if self.skip(":"):
            self.expect("]", "a closing bracket")
            return tree.Dictionary((), at=start.start)
        if self.skip("]"):
            return tree.Array((), at=start.start)
        first = self.expression()
        if self.skip(":"):
            return self._dictionary(start, first)
        items = [first]
        if self.peek().kind != "]":
            self.expect(",", "a comma")
        while self.peek().kind not in ("]", "end"):
            items.append(self.expression())
            self.skip(",")
        self.expect("]", "a closing bracket")
        return tree.Array(tuple(items), at=start.start)

    def _dictionary(self, start: Token, key: tree.Expression) -> tree.Expression:
        items = [(key, self.expression())]
        if self.peek().kind != "]":
            self.expect(",", "a comma")
        while self.peek().kind not in ("]", "end"):
            key = self.expression()
            self.expect(":", "a colon")
            items.append((key, self.expression()))
            self.skip(",")
        self.expect("]", "a closing bracket")
        return tree.Dictionary(tuple(items), at=start.start)

    def _record(self, start: Token) -> tree.Expression:
        if self.peek().kind != "name":
            return tree.Record(self._properties("}"), at=start.start)
        token = self.take()
        following = self.peek()
        if following.kind == "name":
            if following.text != "with":
                self.unexpected(following, "with")
            self.take()
            base = tree.Identifier(token.text, at=token.start)
            return tree.Record(self._properties("}"), base, at=start.start)
        first = self._property(token)
        if self.peek().kind != "}":
            self.expect(",", "a comma")
        return tree.Record(self._properties("}", first), at=start.start)

    def _properties(self, closing: str, *read: tree.Property) -> tuple[tree.Property, ...]:
        """`key: value, ...` to the closing mark, which is taken."""
        found = list(read)
        while self.peek().kind != closing:
            token = self.peek()
            if token.kind not in ("name", "string"):
                self.unexpected(token, "a name" if found else f"a name or {closing}")
            found.append(self._property(self.take()))
            if self.peek().kind != closing:
                self.expect(",", f"a comma or {closing}")
        self.take()
        given = {item.value is None for item in found}
        if len(given) > 1:
            refuse("Not valid Flux: either all keys have values or none has.", found[0].at)
        for item in found:
            if item.quoted and item.value is None:
                refuse("Not valid Flux: a quoted key needs a value.", item.at)
        return tuple(found)

    def _property(self, token: Token) -> tree.Property:
        quoted = token.kind == "string"
        key = self.string(token).value if quoted else token.text
        value = self.expression() if self.skip(":") else None
        return tree.Property(key, value, quoted, at=token.start)

    def _parenthesis(self, start: Token) -> tree.Expression:
        if self.skip(")"):
            return self._function(start, ())
        if self.peek().kind == "name":
            return self._after_name(start, self.take())
        inner = self.expression()
        self.expect(")", "a closing parenthesis")
        return tree.Parenthesised(inner, at=start.start)

    def _after_name(self, start: Token, token: Token) -> tree.Expression:
        following = self.peek().kind
        if following in ("=", ","):
            parameters = [self._default(token)]
            if self.peek().kind != ")":
                self.expect(",", "a comma")
            while self.peek().kind not in (")", "end"):
                parameters.append(self._default(self.expect("name", "a parameter's name")))
                self.skip(",")
            self.expect(")", "a closing parenthesis")
            return self._function(start, tuple(parameters))
        named = tree.Identifier(token.text, at=token.start)
        if following == ")":
            self.take()
            if self.peek().kind == "=>":
                return self._function(start, (tree.Property(token.text, None, at=token.start),))
            return tree.Parenthesised(named, at=start.start)
        inner = self.continued(named)
        self.expect(")", "a closing parenthesis")
        return tree.Parenthesised(inner, at=start.start)

    def _default(self, token: Token) -> tree.Property:
        value = self.expression() if self.skip("=") else None
        return tree.Property(token.text, value, at=token.start)

    def _function(self, start: Token, parameters: tuple[tree.Property, ...]) -> tree.Expression:
        self.expect("=>", "an arrow")
        body = self.block() if self.peek().kind == "{" else self.expression()
        return tree.Function(parameters, body, at=start.start)

    _READERS: ClassVar[dict[str, Callable[[ExpressionParser, Token], tree.Expression]]] = {
        "name": _identifier,
        "int": _integer,
        "float": _float,
        "string": string,
        '"': _interpolated,
        "regex": _regex,
        "time": _instant,
        "duration": _duration,
        "<-": _pipe,
        "[": _brackets,
        "{": _record,
        "(": _parenthesis,
        ".": _label,
    }


def _joined(parts: list[tree.Expression]) -> tuple[tree.Expression, ...]:
    """Texts that follow one another as one, so that a string is written one way only."""
    out: list[tree.Expression] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, tree.Text) and isinstance(last, tree.Text):
            out[-1] = tree.Text(last.value + part.value, at=last.at)
        else:
            out.append(part)
    return tuple(out)
