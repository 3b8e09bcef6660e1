parse() {
    OPTIND=1
    while getopts ab:c option "$@"; do
        case $option in
            a | c) echo "flag $option" ;;
            b) echo "value $OPTARG" ;;
            '?') echo unknown ;;
        esac
    done
    shift $((OPTIND - 1))
    echo "rest: $*"
}
parse -a -b value -c one two 2>/dev/null
parse -acb joined -- -a 2>/dev/null
parse -bjoined x 2>/dev/null
parse -z one 2>/dev/null
parse -b 2>/dev/null
parse - x 2>/dev/null
parse 2>/dev/null
set -- -b 'two words' end
while getopts :b:x name; do echo "$name=$OPTARG"; done
echo $OPTIND
OPTIND=1
set -- -q -b
while getopts :b: name; do echo "$name=$OPTARG"; done
