"""Flux, parsed by the grammar of influxdata/flux (libflux 0.196) without its error recovery.

What libflux would only mark as an error in its tree is refused here at its first token. Where
libflux is lax (a comma may be missing between the items of an array after the second) so is this.
"""

from __future__ import annotations

from collections.abc import Callable

from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.expressions import ExpressionParser
from ons_platform.timeseries.flux.tokens import Token

_STARTS = frozenset(
    [
        "int",
        "float",
        "string",
        "/",
        "time",
        "duration",
        "<-",
        "(",
        "[",
        "{",
        "+",
        "-",
        "not",
        "if",
        "exists",
        '"',
    ]
)


def parse(text: str) -> tree.File:
    """The syntax tree of a query; raises `Refusal` at the first token that does not fit."""
    return Parser(text).file()


class Parser(ExpressionParser):
    """Files, statements and blocks; expressions are inherited."""

    def file(self) -> tree.File:
        """Package clause, imports, statements, to the end of the text."""
        attributes = self._attributes()
        package = None
        if self.peek().kind == "package":
            at = self.take().start
            name = self.name("a package's name")
            package = tree.PackageClause(name, attributes=attributes, at=at)
            attributes = ()
        imports = []
        while True:
            attributes = attributes or self._attributes()
            if self.peek().kind != "import":
                break
            imports.append(self._import(attributes))
            attributes = ()
        statements = []
        while self.peek().kind != "end":
            statements.append(self._statement(attributes or self._attributes()))
            attributes = ()
        if attributes:
            refuse("An attribute stands before a statement.", attributes[0].at)
        return tree.File(package, tuple(imports), tuple(statements))

    def _import(self, attributes: tuple[tree.Attribute, ...]) -> tree.Import:
        at = self.take().start
        alias = self.take().text if self.peek().kind == "name" else None
        path = self.string(self.expect("string", 'a path such as "date"'))
        return tree.Import(path.value, alias, attributes=attributes, at=at)

    def _attributes(self) -> tuple[tree.Attribute, ...]:
        found = []
        while self.peek().kind == "attribute":
            token = self.take()
            parameters: list[tree.Expression] = []
            if self.peek().kind == "(":
                self.take()
                while self.peek().kind != ")":
                    parameters.append(self.primary())
                    if self.peek().kind != ")":
                        self.expect(",", "a comma")
                self.take()
            found.append(tree.Attribute(token.text[1:], tuple(parameters), at=token.start))
        return tuple(found)

    def block(self) -> tree.Block:
        """Statements between braces."""
        at = self.expect("{", "an opening brace").start
        statements = []
        while self.peek().kind not in ("}", "end"):
            statements.append(self._statement(self._attributes()))
        self.expect("}", "a closing brace")
        return tree.Block(tuple(statements), at=at)

    def _statement(self, attributes: tuple[tree.Attribute, ...]) -> tree.Statement:
        with self.deeper():
            token = self.peek()
            read = self._readers().get(token.kind)
            if read is not None:
                return read(attributes)
            if token.kind not in _STARTS:
                self.unexpected(token, "a statement")
            return tree.Evaluation(self.expression(), attributes=attributes, at=token.start)

    def _readers(self) -> dict[str, Callable[[tuple[tree.Attribute, ...]], tree.Statement]]:
        return {
            "name": self._named,
            "option": self._option,
            "builtin": self._builtin,
            "testcase": self._testcase,
            "return": self._return,
        }

    def _named(self, attributes: tuple[tree.Attribute, ...]) -> tree.Statement:
        token = self.take()
        if self.peek().kind == "=":
            self.take()
            value = self.expression()
            return tree.Assignment(token.text, value, attributes=attributes, at=token.start)
        value = self.continued(tree.Identifier(token.text, at=token.start))
        return tree.Evaluation(value, attributes=attributes, at=token.start)

    def _option(self, attributes: tuple[tree.Attribute, ...]) -> tree.Statement:
        at = self.take().start
        name = self.name("an option's name")
        member = None
        if self.peek().kind == ".":
            self.take()
            member = self.name("an option's name")
        self.expect("=", "an equals sign")
        return tree.Option(name, member, self.expression(), attributes=attributes, at=at)

    def _return(self, attributes: tuple[tree.Attribute, ...]) -> tree.Statement:
        at = self.take().start
        return tree.Return(self.expression(), attributes=attributes, at=at)

    def _testcase(self, attributes: tuple[tree.Attribute, ...]) -> tree.Statement:
        at = self.take().start
        name = self.name("a test's name")
        extends = None
        if self.peek().kind == "name" and self.peek().text == "extends":
            self.take()
            extends = self.string(self.expect("string", "a path")).value
        return tree.TestCase(name, extends, self.block(), attributes=attributes, at=at)

    def _builtin(self, attributes: tuple[tree.Attribute, ...]) -> tree.Statement:
        at = self.take().start
        name = self.name("a name")
        self.expect(":", "a colon")
        first = self.peek().start
        self._type()
        if self.peek().text == "where":
            self._constraints()
        written = tuple(self.text[first : self.last_end].split())
        return tree.Builtin(name, written, attributes=attributes, at=at)

    def _type(self) -> None:
        with self.deeper():
            token = self.peek()
            if token.kind == "[":
                self._array_type()
            elif token.kind == "{":
                self._record_type()
            elif token.kind == "(":
                self._function_type()
            elif token.kind == ".":
                self.label()
            else:
                self.name("a type")
                if token.text in ("stream", "vector"):
                    self.expect("[", "a bracket")
                    self._type()
                    self.expect("]", "a bracket")

    def _array_type(self) -> None:
        self.take()
        self._type()
        if self.peek().kind == ":":
            self.take()
            self._type()
        self.expect("]", "a bracket")

    def _record_type(self) -> None:
        self.take()
        if self.peek().kind in ("name", "string"):
            key = self._property_key()
            if key.kind == "name" and self.peek().text == "with":
                self.take()
                self._property_key()
            self._property_type()
            while self.peek().kind not in ("}", "end"):
                self._property_key()
                self._property_type()
        self.expect("}", "a closing brace")

    def _property_key(self) -> Token:
        token = self.take()
        if token.kind not in ("name", "string"):
            self.unexpected(token, "a key")
        return token

    def _property_type(self) -> None:
        self.expect(":", "a colon")
        self._type()
        self.skip(",")

    def _function_type(self) -> None:
        self.take()
        while self.peek().kind not in (")", "end"):
            self._parameter_type()
            self.skip(",")
        self.expect(")", "a closing parenthesis")
        self.expect("=>", "an arrow")
        self._type()

    def _parameter_type(self) -> None:
        mark = self.peek().kind
        if mark in ("?", "<-"):
            self.take()
        if mark != "<-" or self.peek().kind == "name":
            self.name("a parameter's name")
        self.expect(":", "a colon")
        self._type()
        if mark == "?" and self.skip("="):
            self.label()

    def _constraints(self) -> None:
        self.take()
        while True:
            self.name("a type variable")
            self.expect(":", "a colon")
            self.name("a kind")
            while self.skip("+"):
                self.name("a kind")
            if not self.skip(","):
                return
