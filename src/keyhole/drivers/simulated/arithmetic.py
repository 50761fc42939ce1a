"""Whole-number arithmetic as a shell's `$((...))` knows it: + - * / % and parentheses."""

import ast
import re

MAX_DIGITS = 100
_ALPHABET = re.compile(r"[0-9+*/%() -]+")
_WHAT_IS_KNOWN = "only whole numbers, + - * / % and parentheses"


def evaluate(expression: str) -> int:
    """The value of an expression. Raises ValueError, whose text says what is wrong."""
    if not _ALPHABET.fullmatch(expression):
        raise ValueError(_WHAT_IS_KNOWN)
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("that is not arithmetic") from error
    except ZeroDivisionError as error:
        raise ValueError("division by zero") from error


def _value(node: ast.expr) -> int:
    match node:
        case ast.Constant(int(number)):
            value = number
        case ast.UnaryOp(ast.USub(), operand):
            value = -_value(operand)
        case ast.BinOp(left, operator, right):
            value = _combine(_value(left), operator, _value(right))
        case _:
            raise ValueError(_WHAT_IS_KNOWN)
    if abs(value) >= 10**MAX_DIGITS:
        raise ValueError("the number is too large")
    return value


def _combine(left: int, operator: ast.operator, right: int) -> int:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():  # towards zero, as shells divide
            return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        case ast.Mod():
            return abs(left) % abs(right) * (-1 if left < 0 else 1)
        case _:
            raise ValueError(_WHAT_IS_KNOWN)
