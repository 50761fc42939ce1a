"""The simulated guest's own typeface: the 95 printable ASCII characters, 5 by 8 dots each.

A glyph is eight digits in base 32, and a space: one digit for each row of dots from the top; in a digit the highest bit
is the left dot. The last row is for descenders. A dot is one pixel wide and two high, in a cell of
`CELL_WIDTH` by `CELL_HEIGHT` pixels.
"""

CELL_WIDTH = 8
CELL_HEIGHT = 16
FIRST, LAST = " ", "~"

_LEFT_MARGIN = 1
_GLYPH_WIDTH, _GLYPH_HEIGHT = 5, 8

_GLYPHS = (
    "00000000 44444040 aaa00000 aavavaa0 4fke5u40 op248j30 cik8lid0 44800000 "  #   ! " # $ % & '
    "24888420 84222480 04lel400 044v4400 00000c48 000v0000 00000cc0 11248gg0 "  # ( ) * + , - . /
    "ehjlphe0 4c4444e0 eh1248v0 v2421he0 26aiv220 vgu11he0 68guhhe0 v1248880 "  # 0 1 2 3 4 5 6 7
    "ehhehhe0 ehhf12c0 0cc0cc00 0cc0c480 248g8420 00v0v000 84212480 eh124040 "  # 8 9 : ; < = > ?
    "ehnlngf0 ehhvhhh0 uhhuhhu0 ehggghe0 sihhhis0 vgguggv0 vgguggg0 ehgnhhf0 "  # @ A B C D E F G
    "hhhvhhh0 e44444e0 72222ic0 hikokih0 ggggggv0 hrllhhh0 hppljjh0 ehhhhhe0 "  # H I J K L M N O
    "uhhuggg0 ehhhlid0 uhhukih0 fgge11u0 v4444440 hhhhhhe0 hhhhaa40 hhhllrh0 "  # P Q R S T U V W
    "hha4ahh0 hha44440 v1248gv0 e88888e0 gg842110 e22222e0 4ah00000 0000000v "  # X Y Z [ \ ] ^ _
    "84200000 00e1fhf0 ggmphhu0 00egghe0 11djhhf0 00ehvge0 698s8880 00fhhf1e "  # ` a b c d e f g
    "ggmphhh0 40c444e0 206222ic ggikoki0 c44444e0 00qllll0 00mphhh0 00ehhhe0 "  # h i j k l m n o
    "00uhhugg 00djhf11 00mpggg0 00fge1u0 88s88960 00hhhjd0 00hhha40 00hhlla0 "  # p q r s t u v w
    "00ha4ah0 00hhhf1e 00v248v0 24484420 44444440 84424480 008l2000"  # x y z { | } ~
)


def cell_rows(character: str) -> tuple[int, ...]:
    """The character's cell as CELL_HEIGHT rows from the top; bit 7 is the leftmost pixel. Any other shows as `?`."""
    known = character if FIRST <= character <= LAST else "?"
    start = (ord(known) - ord(FIRST)) * (_GLYPH_HEIGHT + 1)
    shift = CELL_WIDTH - _LEFT_MARGIN - _GLYPH_WIDTH
    dots = (int(digit, 32) << shift for digit in _GLYPHS[start : start + _GLYPH_HEIGHT])
    return tuple(row for row in dots for _ in range(CELL_HEIGHT // _GLYPH_HEIGHT))
