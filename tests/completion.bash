# Tests cli/tapir.bash without a terminal: what it offers for words as the shell hands them over.
# usage: bash completion.bash PROGRAM      the program's folder is put in PATH; prints what is wrong
PATH=$(dirname "$1"):$PATH
shopt -s extglob progcomp
source cli/tapir.bash || exit 1
cd tests/files/completion || exit 1
wrong=0

# offers EXPECTED WORD...: the last word is the one that is completed
offers() {
    local expected=$1
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _tapir
    local got="${COMPREPLY[*]}"
    [ "$got" = "$expected" ] && return
    echo "for '$*': '$got', not '$expected'"
    wrong=1
}

offers "explain" tapir ex
offers "explain ops --help --version" tapir ""
offers "--version" tapir --v
offers "--svg=" tapir explain --s
offers "--latex --latex=document" tapir explain --l
offers "--no-check" tapir explain x --n
offers "circuit.svg" tapir explain --svg = ci
offers "circuit.svg" tapir explain --svg ci
offers "--svg=circuit.svg" tapir explain --svg=ci
offers "two words.dot" tapir explain --dot = tw
offers "always" tapir explain --color = al
offers "document" tapir explain --latex = ""
offers "sigmoid(" tapir explain sigm
offers "(x+sigmoid(" tapir explain "(x+sigm"
offers "(x+sigmoid(" tapir explain "'(x+sigm"
offers "q=tan( q=tanh(" tapir explain "q=tan"
offers "maximum( max(" tapir explain ma
offers "" tapir explain "x+"
offers "--names" tapir ops --n
offers "" tapir ops x
exit $wrong
